"""The report, and what lies behind its receipt."""

from django.urls import path

from simpul.reports.views import paper
from simpul.reports.views import public as views
from simpul.reports.views.public import decisions, together

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
    path("mine/data/", decisions.data, name="data"),
    path("mine/data/file/", decisions.export, name="export"),
    path("mine/data/close/", decisions.freeze, name="freeze"),
    path("mine/data/erase/", decisions.erase, name="erase"),
    path("mine/files/<uuid:ref>/", decisions.own_file, name="own_file"),
    path("mine/receiver/", decisions.receiver, name="receiver"),
    path("mine/parts/", decisions.parts, name="parts"),
    path("mine/stop/", views.stop, name="stop"),
    path("mine/reopen/", views.reopen, name="reopen"),
    path("mine/together/<uuid:ref>/", together.answer, name="together"),
    path("mine/words/", views.replace, name="replace"),
]
