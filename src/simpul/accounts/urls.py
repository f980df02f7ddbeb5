"""Where people sign in and out."""

from django.urls import path

from simpul.accounts import views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("me/", views.me, name="me"),
    path("me/ways/", views.ways, name="ways"),
    path("me/ways/confirm/", views.confirm, name="confirm"),
    path("me/ways/passkeys/", views.add_passkey, name="add_passkey"),
    path("me/ways/passkeys/<uuid:ref>/remove/", views.remove_passkey, name="remove_passkey"),
    path("me/ways/codes/", views.recovery_codes, name="recovery_codes"),
    path("me/sign-out/", views.sign_out_everywhere, name="sign_out_everywhere"),
]
