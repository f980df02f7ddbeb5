"""Where a desk finds its cases. Acts lie below the page they belong to."""

from django.urls import path

from simpul.cases.views import arrivals, consents, documents, intake, search
from simpul.cases.views import workspace as views

app_name = "cases"
urlpatterns = [
    path("", views.worklist, name="list"),
    path("new/", intake.walk_in, name="walk_in"),
    path("search/", search.find, name="search"),
    path("search/<uuid:desk_ref>/", search.names_anew, name="names_anew"),
    path("from/<str:code>/", intake.take_up, name="take_up"),
    path("<str:case_code>/", views.summary, name="summary"),
    path("<str:case_code>/identity/", search.identity, name="identity"),
    path("<str:case_code>/arrivals/", arrivals.listed, name="arrivals"),
    path("<str:case_code>/label/", views.label, name="label"),
    path("<str:case_code>/next/", views.next_action, name="next_action"),
    path("<str:case_code>/risk/", views.risk, name="risk"),
    path("<str:case_code>/close/", views.close, name="close"),
    path("<str:case_code>/reopen/", views.reopen, name="reopen"),
    path("<str:case_code>/notes/", views.notes, name="notes"),
    path("<str:case_code>/files/", documents.listed, name="files"),
    path("<str:case_code>/files/begin/", documents.begin, name="begin_file"),
    path("<str:case_code>/files/<uuid:ref>/", documents.download, name="file"),
    path("<str:case_code>/files/<uuid:ref>/remove/", documents.remove, name="remove_file"),
    path("<str:case_code>/files/<uuid:ref>/<int:number>/", documents.put_piece, name="file_piece"),
    path("<str:case_code>/consents/", consents.listed, name="consents"),
    path("<str:case_code>/consents/<uuid:ref>/", consents.one, name="consent"),
    path("<str:case_code>/consents/<uuid:ref>/share/", consents.share, name="share"),
    path(
        "<str:case_code>/consents/<uuid:ref>/stop/<uuid:share>/",
        consents.stop_sharing,
        name="stop_sharing",
    ),
    path("<str:case_code>/consents/<uuid:ref>/withdraw/", consents.withdraw, name="withdraw"),
    path("<str:case_code>/history/", views.history, name="history"),
]
