"""The places that were asked to help, behind the receipt."""

from django.urls import path

from simpul.referrals.views import public as views

app_name = "referrals"
urlpatterns = [path("mine/", views.mine, name="mine")]
