"""The public door."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from simpul.site.views import errors, health, public

site = (
    [
        path("", public.home, name="home"),
        path("history/", public.history, name="history"),
        path("rights/", public.rights, name="rights"),
    ],
    "site",
)

urlpatterns = [
    path("healthz", health.show),
    *i18n_patterns(
        path("", include(site)),
        path("reports/", include("simpul.reports.urls.public")),
        path("cases/", include("simpul.cases.urls.public")),
        path("referrals/", include("simpul.referrals.urls.public")),
        path("handoffs/", include("simpul.handoffs.urls.public")),
        path("directory/", include("simpul.directory.urls.public")),
        path("wording/", include("simpul.wording.urls.public")),
        prefix_default_language=False,
    ),
]

handler400 = errors.bad
handler403 = errors.refused
handler404 = errors.missing
handler500 = errors.broken
