"""Where people sign in and out."""

from django.urls import path

from simpul.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("me/", views.me, name="me"),
    path("me/sign-out/", views.sign_out_everywhere, name="sign_out_everywhere"),
]
