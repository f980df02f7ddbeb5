"""The workspace door."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from simpul.site.views import errors, health, home

site = (
    [
        path("", home.show, name="home"),
        path("components/", home.components, name="components"),
    ],
    "site",
)

urlpatterns = [
    path("healthz", health.show),
    *i18n_patterns(
        path("", include(site)),
        path("accounts/", include("simpul.accounts.urls")),
        path("network/", include("simpul.network.urls")),
        path("reports/", include("simpul.reports.urls.workspace")),
        path("cases/", include("simpul.cases.urls.workspace")),
        path("referrals/", include("simpul.referrals.urls.workspace")),
        path("handoffs/", include("simpul.handoffs.urls.workspace")),
        path("directory/", include("simpul.directory.urls.workspace")),
        path("wording/", include("simpul.wording.urls.workspace")),
        prefix_default_language=False,
    ),
]

handler400 = errors.bad
handler403 = errors.refused
handler404 = errors.missing
handler500 = errors.broken
