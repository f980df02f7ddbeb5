"""The pages on which people join the network, are signed for, and hand over keys."""

import time
from typing import Any
from uuid import UUID

import segno
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from simpul.accounts.actions import Anyone
from simpul.core import refusals
from simpul.core.access import AgainstTheRules, NotYours, require
from simpul.core.doors import derives_first, open_to_anyone
from simpul.network import access, actions, forms, queries
from simpul.network import context as workspace
from simpul.network.http import Request
from simpul.network.models import Desk, Invitation
from simpul.vault import context, epochs, passphrases

MOST = 50
AT_WORK = 4.0  # seconds of one press on "Lanjutkan"
DAYS = actions.INVITATION.days
NO_WAY_BACK = {"other_language_url": ""}  # a page shown once is not left for another language


def overview(request: Request) -> HttpResponse:
    """Agencies and desks, for everybody who is signed in; no person is named."""
    return page(request, "overview", {"tree": queries.tree()})


def add_agency(request: Request) -> HttpResponse:
    """An agency below hers."""
    require(request.actor.is_administrator)
    agencies = access.agencies_of(request.actor)
    initial = {"parent": request.actor.agency and request.actor.agency.ref}
    form = forms.AddAgency(sent(request), agencies=agencies, initial=initial)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.add_agency(actor=request.actor, **form.cleaned_data)
            return redirect("network:overview")
    return page(request, "add_agency", {"form": form}, bool(form.errors))


def add_desk(request: Request) -> HttpResponse:
    """A desk of an agency of hers."""
    require(request.actor.is_administrator)
    form = forms.AddDesk(sent(request), agencies=access.agencies_of(request.actor))
    if form.is_valid():
        with refusals.shown_on(form):
            actions.add_desk(actor=request.actor, **form.cleaned_data)
            return redirect("network:overview")
    return page(request, "add_desk", {"form": form}, bool(form.errors))


def invite(request: Request) -> HttpResponse:
    """Keeps a place for a person; the code is on the answer and never again."""
    require(request.actor.is_administrator)
    actor, now = request.actor, timezone.now()
    form = forms.Invite(
        sent(request),
        desks=access.desks_of(actor),
        agencies=access.agencies_of(actor),
        initial={"place": request.GET.get("place", "")},
    )
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            invitation, code = actions.invite(
                actor=actor,
                now=now,
                ref=said["ref"],
                desk=said.get("desk"),
                agency=said.get("agency"),
            )
            link = request.build_absolute_uri(reverse("network:join", args=[code]))
            values = {"invitation": invitation, "link": link, "days": DAYS, **NO_WAY_BACK}
            return page(request, "invited", values)
    return page(request, "invite", {"form": form, "days": DAYS}, bool(form.errors))


def people(request: Request) -> HttpResponse:
    """Who sits where: in her scope, or at her own desks."""
    actor = request.actor
    rows = [
        {
            "membership": membership,
            "may_remove": access.can_remove(actor, membership),
            "may_add": access.can_sign(actor, membership.desk.agency),
            "may_bring_back": access.can_bring_back(actor, membership.user),
        }
        for membership in access.visible_memberships(actor)
    ]
    administrators = [
        {
            "administrator": administrator,
            "may_dismiss": access.can_dismiss(actor, administrator),
            "may_bring_back": access.can_bring_back(actor, administrator.user),
        }
        for administrator in access.visible_administrators(actor)
    ]
    values = {"rows": rows, "administrators": administrators}
    return page(request, "people", values)


def remove(request: Request, ref: UUID) -> HttpResponse:
    """Ends a membership at once, after a page that says what that means."""
    membership = access.get_membership(request.actor, str(ref))
    require(access.can_remove(request.actor, membership))
    if request.method == "POST":
        actions.remove(actor=request.actor, membership=membership, now=timezone.now())
        return redirect("network:people")
    return page(request, "remove", {"membership": membership})


def dismiss(request: Request, ref: UUID) -> HttpResponse:
    """Ends what another administrator may sign, after a page that says what that means."""
    administrator = access.get_administrator(request.actor, ref)
    require(access.can_dismiss(request.actor, administrator))
    sentence = ""
    if request.method == "POST":
        try:
            actions.dismiss(actor=request.actor, administrator=administrator)
        except AgainstTheRules as refusal:
            sentence = str(refusal.sentence)
        else:
            return redirect("network:people")
    values = {"administrator": administrator, "sentence": sentence}
    return page(request, "dismiss", values, bool(sentence))


def bring_back(request: Request, ref: UUID) -> HttpResponse:
    """Invites a person back who lost her passphrase; the code is on the answer and never again."""
    user = access.get_person(request.actor, ref)
    if request.method == "POST":
        invitation, code = actions.invite_back(actor=request.actor, user=user, now=timezone.now())
        link = request.build_absolute_uri(reverse("network:join", args=[code]))
        values = {"invitation": invitation, "link": link, "days": DAYS, **NO_WAY_BACK}
        return page(request, "invited", values)
    return page(request, "bring_back", {"person": user})


def further_desk(request: Request, ref: UUID) -> HttpResponse:
    """Asks two administrators to sign a further desk for a person of hers."""
    membership = access.get_membership(request.actor, str(ref))
    require(access.can_sign(request.actor, membership.desk.agency))
    form = forms.FurtherDesk(sent(request), desks=access.desks_of(request.actor))
    if form.is_valid():
        with refusals.shown_on(form):
            actions.propose_member(
                actor=request.actor, user=membership.user, desk=form.cleaned_data["desk"]
            )
            return redirect("network:proposals")
    values = {"form": form, "membership": membership}
    return page(request, "further_desk", values, bool(form.errors))


def proposals(request: Request) -> HttpResponse:
    """What waits for signatures, and what was signed lately."""
    require(request.actor.is_administrator)
    values = {
        "waiting": [
            (proposal, queries.saying(request.actor, proposal))
            for proposal in access.visible_proposals(request.actor)[:MOST]
        ],
        "decided": [
            (proposal, queries.saying(request.actor, proposal))
            for proposal in access.decided_proposals(request.actor)[:5]
        ],
    }
    return page(request, "proposals", values)


def sign(request: Request, ref: UUID) -> HttpResponse:
    """One statement in plain words, and the button that signs it."""
    proposal = access.get_proposal(request.actor, str(ref))
    saying = queries.saying(request.actor, proposal)
    if request.method == "POST":
        if not saying.signed_by_you:
            actions.sign(actor=request.actor, proposal=proposal, now=timezone.now())
        return redirect("network:proposals")
    return page(request, "sign", {"proposal": proposal, "saying": saying})


def keys(request: Request, sentence: str = "") -> HttpResponse:
    """Keys that are still missing: hers, her desks', her colleagues'."""
    actor = request.actor
    values = {
        "own": [
            {
                "desk": desk,
                "may_make": access.can_make_key(actor, desk),
                "check_number": queries.desk_check_number(actor, desk),
            }
            for desk in actor.waiting
        ],
        "colleagues": list(access.colleagues_waiting(actor)),
        "desks": queries.desk_keys(actor),
        "sentence": sentence,
    }
    return page(request, "keys", values, bool(sentence))


def make_key(request: Request, desk_ref: UUID) -> HttpResponse:
    """The first member of a desk makes its key; two administrators sign it afterwards."""
    desk = next((desk for desk in request.actor.waiting if desk.ref == desk_ref), None)
    if desk is None:
        raise NotYours
    if request.method == "POST":
        try:
            actions.make_desk_key(actor=request.actor, desk=desk)
        except AgainstTheRules as refusal:
            return keys(request, str(refusal.sentence))
    return redirect("network:keys")


def renew_key(request: Request, desk_ref: UUID) -> HttpResponse:
    """A new key for a desk of hers, after a page that says what that means."""
    desk = _own_desk(request, desk_ref)
    if request.method == "POST":
        actions.renew_desk_key(actor=request.actor, desk=desk)
        return redirect("network:reseal", desk_ref=desk.ref)
    return page(request, "renew_key", {"desk": desk})


@derives_first
def reseal(request: Request, desk_ref: UUID) -> HttpResponse:
    """Seals what lies under older keys anew: as many batches as fit in a few seconds, each its own.

    The page says how far it is and goes on by itself where scripts run, else by its button.
    """
    until, after, closed = time.monotonic() + AT_WORK, epochs.START, 0
    while request.method == "POST" and time.monotonic() < until:
        with workspace.opened(request):
            batch = actions.reseal(
                actor=request.actor, desk=_own_desk(request, desk_ref), after=after
            )
        if batch.last is None:
            break
        after, closed = batch.last, closed + batch.closed
    with workspace.opened(request):
        desk = _own_desk(request, desk_ref)
        left = epochs.waiting(desk.pk)
        first = max(left, forms.whole(request.POST.get("first")))
        values = {
            "desk": desk, "left": left, "first": first, "done": first - left,
            "going": request.method == "POST" and left > closed,
        }  # fmt: skip
        return page(request, "reseal", values)


def _own_desk(request: Request, ref: UUID) -> Desk:
    desk = next((desk for desk in request.actor.desks if desk.ref == ref), None)
    if desk is None:
        raise NotYours
    return desk


def hand_over(request: Request, ref: UUID) -> HttpResponse:
    """Gives a colleague the desk's key, once she says that she knows her."""
    membership = access.get_membership(request.actor, str(ref))
    require(access.can_hand_over(request.actor, membership))
    form = forms.HandOver(sent(request))
    if form.is_valid():
        actions.hand_over(actor=request.actor, membership=membership)
        return redirect("network:keys")
    number = queries.check_number(membership.user)
    values = {"form": form, "membership": membership, "check_number": number}
    return page(request, "hand_over", values, bool(form.errors))


def alarms(request: Request) -> HttpResponse:
    """Unusual reading in her scope: who, which rule, which hour, how often; nothing of what."""
    require(request.actor.is_administrator)
    here = Paginator(access.visible_alarms(request.actor), MOST).get_page(request.GET.get("page"))
    rows = queries.alarming(request.actor, here.object_list)
    values = {"page": here, "rows": rows, "source": queries.alarm_source()}
    return page(request, "alarms", values)


def alarm(request: Request, ref: UUID) -> HttpResponse:
    """One alarm, and that it was looked at; whom it is about cannot say so herself."""
    found = access.get_alarm(request.actor, ref)
    form = forms.LookAtAlarm(sent(request), initial={"count": found.count})
    if request.method == "POST":
        require(access.can_look_at(request.actor, found))
    if form.is_valid():
        with refusals.shown_on(form):
            actions.look_at_alarm(
                actor=request.actor, alarm=found, now=timezone.now(), **form.cleaned_data
            )
            return redirect("network:alarms")
    values = {
        "form": form,
        "row": queries.alarming(request.actor, [found])[0],
        "why": queries.why(found),
        "may_look": access.can_look_at(request.actor, found),
    }
    return page(request, "alarm", values, bool(form.errors))


def anchor(request: Request) -> HttpResponse:
    """The newest signed end of the audit chain, short enough for a book."""
    require(request.actor.is_administrator)
    values = {"anchor": queries.newest_anchor(), "today": timezone.now()}
    return page(request, "anchor", values)


# No session begins here, so there is no token to compare; the invitation's code is the secret of
# this address, and `site.middleware.Quiet` refuses posts that another site started.
@csrf_exempt
@open_to_anyone
@derives_first
def join(request: HttpRequest, code: str) -> HttpResponse:
    """An invited person makes her account, her keys and her second factor on one page."""
    now = timezone.now()
    with context.opened("workspace"):
        invitation = access.get_invitation(code, now)
    sheet = forms.Join if invitation.returning is None else forms.ComeBack
    if request.method != "POST":
        return _ask_to_join(request, invitation, sheet(), passphrases.new_totp(), code)
    form = sheet(request.POST)
    totp = passphrases.reveal(request.POST.get("totp", ""), code)
    if totp is None:
        fresh = passphrases.new_totp()
        form.add_error("code", _("Pindai kode QR yang baru, lalu isi enam angkanya."))
        return _ask_to_join(request, invitation, form, fresh, code)
    step = passphrases.step_of(totp, request.POST.get("code", ""), now)
    if step is None and "code" not in form.errors:
        form.add_error("code", _("Kode ini belum cocok. Isi kode yang tampil sekarang."))
    if step is not None and form.is_valid():
        said = form.cleaned_data
        derived = passphrases.derive_passphrase(said["passphrase"])
        with refusals.shown_on(form), context.opened("workspace"):
            user = invitation.returning
            if user is not None:
                proposal = actions.come_back(
                    actor=Anyone(), code=code, derived=derived, totp=totp, now=now
                )
                number = queries.check_number_said(proposal)
            else:
                user = actions.join(
                    actor=Anyone(), code=code, username=said["username"], name=said["name"],
                    derived=derived, totp=totp, now=now, used_step=step,
                )  # fmt: skip
                number = queries.new_check_number(user)
            values = {"invitation": invitation, "user": user, "check_number": number}
            values |= NO_WAY_BACK
            return render(request, "network/joined.html", values)
    return _ask_to_join(request, invitation, form, totp, code)


def _ask_to_join(
    request: HttpRequest, invitation: Invitation, form: forms.ComeBack, totp: bytes, code: str
) -> HttpResponse:
    """The page of one invitation; name and sign-in name come back as typed, the passphrases do not."""
    picture = segno.make(passphrases.totp_uri(totp), error="m")
    letters = passphrases.totp_text(totp)
    values = {
        "invitation": invitation,
        "form": form,
        "hidden": passphrases.hide(totp, code),
        "picture": picture.svg_data_uri(scale=5, border=3, dark="#000", light="#fff"),
        "letters": " ".join(letters[place : place + 4] for place in range(0, len(letters), 4)),
    }
    status = 422 if form.errors else 200
    return render(request, "network/join.html", values, status=status)


def sent(request: Request) -> QueryDict | None:
    """What was sent, for a form; nothing when the page is only looked at."""
    return request.POST if request.method == "POST" else None


def page(request: Request, name: str, values: dict[str, Any], bad: bool = False) -> HttpResponse:
    """A page of this room, with the ways to the others on top."""
    return render(
        request,
        f"network/{name}.html",
        {"tabs": _tabs(request), "tabs_label": _("Jaringan"), **values},
        status=422 if bad else 200,
    )


def _tabs(request: Request) -> list[dict[str, Any]]:
    actor = request.actor
    waiting = access.colleagues_waiting(actor).count() + len(actor.waiting)
    entries = [
        ("overview", _("Susunan")),
        ("people", _("Orang")),
        ("keys", _counted(_("Kunci meja"), waiting)),
        ("custody", _("Penjaga kunci")),
    ]
    if actor.is_administrator:
        signable = sum(
            access.can_sign_proposal(actor, proposal)
            for proposal in access.visible_proposals(actor)[:MOST]
        )
        entries.append(("proposals", _counted(_("Tanda tangan"), signable)))
        open_alarms = access.visible_alarms(actor).filter(seen_at=None).count()
        entries.append(("alarms", _counted(_("Peringatan"), open_alarms)))
        entries.append(("anchor", _("Jangkar")))
    urls = [(label, reverse(f"network:{name}")) for name, label in entries]
    here = max((url for _label, url in urls if request.path.startswith(url)), key=len, default="")
    return [{"label": label, "url": url, "current": url == here} for label, url in urls]


def _counted(label: str, count: int) -> str:
    return f"{label} ({count})" if count else label
