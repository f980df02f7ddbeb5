"""Where people find the network, join it and look after it."""

from django.urls import path

from simpul.network import views
from simpul.network.views import custody

app_name = "network"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("agencies/new/", views.add_agency, name="add_agency"),
    path("desks/new/", views.add_desk, name="add_desk"),
    path("invite/", views.invite, name="invite"),
    path("people/", views.people, name="people"),
    path("people/administrators/<uuid:ref>/remove/", views.dismiss, name="dismiss"),
    path("people/<uuid:ref>/remove/", views.remove, name="remove"),
    path("people/<uuid:ref>/back/", views.bring_back, name="bring_back"),
    path("people/<uuid:ref>/desk/", views.further_desk, name="further_desk"),
    path("proposals/", views.proposals, name="proposals"),
    path("proposals/<uuid:ref>/", views.sign, name="sign"),
    path("keys/", views.keys, name="keys"),
    path("keys/<uuid:ref>/hand-over/", views.hand_over, name="hand_over"),
    path("keys/<uuid:desk_ref>/make/", views.make_key, name="make_key"),
    path("keys/<uuid:desk_ref>/renew/", views.renew_key, name="renew_key"),
    path("keys/<uuid:desk_ref>/reseal/", views.reseal, name="reseal"),
    path("custody/", custody.show, name="custody"),
    path("custody/<uuid:desk_ref>/people/", custody.name_custodians, name="custodians"),
    path("custody/<uuid:desk_ref>/entrust/", custody.entrust, name="entrust"),
    path("custody/<uuid:desk_ref>/ask/", custody.ask, name="ask_custodians"),
    path("custody/recoveries/<uuid:ref>/", custody.recovery, name="recovery"),
    path("alarms/", views.alarms, name="alarms"),
    path("alarms/<uuid:ref>/", views.alarm, name="alarm"),
    path("anchor/", views.anchor, name="anchor"),
    path("join/<str:code>/", views.join, name="join"),
]
