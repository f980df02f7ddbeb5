"""Where a desk finds reports."""

from django.urls import path

from simpul.reports.views import desk, dictation, paper, requests
from simpul.reports.views import workspace as views

app_name = "reports"
urlpatterns = [
    path("", desk.inbox, name="inbox"),
    path("phrases/", desk.phrases, name="phrases"),
    path("held/", desk.sort_held, name="sort_held"),
    path("late/", desk.late, name="late"),
    path("late/<uuid:ref>/", desk.remind, name="remind"),
    path("new/", dictation.take_down, name="take_down"),
    path("paper/", paper.form_of_desk, name="paper"),
    path("erasures/", requests.erasures, name="erasures"),
    path("erasures/<uuid:ref>/", requests.decide, name="decide"),
    path("<str:code>/", views.read, name="read"),
    path("<str:code>/answer/", views.answer, name="answer"),
    path("<str:code>/files/", views.send_file, name="send_file"),
    path("<str:code>/files/<uuid:ref>/", views.file, name="file"),
    path("<str:code>/sign/", views.notify, name="notify"),
    path("<str:code>/ties/", desk.declare, name="declare"),
    path("<str:code>/owner/", desk.hand_over, name="hand_over"),
    path("<str:code>/pass-on/", desk.pass_on, name="pass_on"),
    path("<str:code>/aside/", desk.set_aside, name="set_aside"),
    path("<str:code>/back/", desk.bring_back, name="bring_back"),
    path("<str:code>/together/", desk.ask_together, name="ask_together"),
]
