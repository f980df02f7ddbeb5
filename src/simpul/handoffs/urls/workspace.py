"""Who waits to be called."""

from django.urls import path

from simpul.handoffs.views import workspace as views

app_name = "handoffs"
urlpatterns = [
    path("", views.waiting, name="list"),
    path("<uuid:ref>/", views.call, name="call"),
    path("<uuid:ref>/take/", views.take, name="take"),
    path("<uuid:ref>/tried/", views.tried, name="tried"),
    path("<uuid:ref>/close/", views.close, name="close"),
]
