"""Where a desk finds referrals."""

from django.urls import path

from simpul.referrals.views import workspace as views

app_name = "referrals"
urlpatterns = [
    path("", views.listed, name="list"),
    path("case/<str:case_code>/", views.of_case, name="of_case"),
    path("<str:code>/", views.slip, name="slip"),
    path("<str:code>/accept/", views.accept, name="accept"),
    path("<str:code>/decline/", views.decline, name="decline"),
    path("<str:code>/back/", views.report_back, name="report_back"),
    path("<str:code>/end/", views.end, name="end"),
]
