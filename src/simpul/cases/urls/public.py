"""The survivor's own case, behind her receipt."""

from django.urls import path

from simpul.cases.views import public as views

app_name = "cases"
urlpatterns = [
    path("mine/", views.mine, name="mine"),
    path("mine/<uuid:ref>/", views.take_back, name="take_back"),
]
