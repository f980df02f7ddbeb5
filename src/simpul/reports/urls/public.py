"""The report, and what lies behind its receipt."""

from django.urls import path

from simpul.reports.views import paper
from simpul.reports.views import public as views
from simpul.reports.views.public import together

app_name = "reports"
urlpatterns = [
    path("", views.start, name="start"),
    path("send/", views.send, name="send"),
    path("open/", views.open_news, name="open"),
    path("leave/", views.leave, name="leave"),
    path("paper/", paper.form, name="paper"),
    path("mine/", views.mine, name="mine"),
    path("mine/message/", views.write, name="write"),
    path("files/", views.add_file, name="add_file"),
    path("mine/data/", views.data, name="data"),
    path("mine/stop/", views.stop, name="stop"),
    path("mine/reopen/", views.reopen, name="reopen"),
    path("mine/together/<uuid:ref>/", together.answer, name="together"),
    path("mine/words/", views.replace, name="replace"),
]
