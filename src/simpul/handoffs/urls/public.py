"""Where providers deliver messages."""

from django.urls import path

from simpul.handoffs.views import public as views

app_name = "handoffs"
urlpatterns = [path("<str:provider>/", views.receive, name="receive")]
