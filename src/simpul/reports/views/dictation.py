"""Typing for someone who speaks: ask, read back, send, hand over the six words.

Until it is sent nothing is kept: what was typed travels in the page, as at the public door.
"""

from typing import Any

from django.db import DatabaseError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext

from simpul.core.access import AgainstTheRules
from simpul.core.doors import derives_first
from simpul.network import context, regions
from simpul.network.http import Request
from simpul.network.models import Desk
from simpul.reports import access, content, guardrails, queries, routing, words
from simpul.reports.actions import CannotReceive, dictation
from simpul.reports.forms.dictation import TakeDown
from simpul.reports.views import public
from simpul.vault import receipts
from simpul.vault.keydirectory import NotInDirectory, Untrusted


@derives_first
def take_down(request: Request) -> HttpResponse:
    """The questions, the reading back, the sending, and the six words, one after the other."""
    go = request.POST.get("go", "")
    if go == "given":
        return _given(request)
    try:
        if go == "send":
            return _send(request)
    except AgainstTheRules as error:
        return _again(request, str(error.sentence), 422)
    except NotInDirectory:
        return _again(request, str(CannotReceive().sentence), 422)
    except (DatabaseError, Untrusted):
        sentence = gettext("Belum terkirim. Tulisan masih ada di layar. Tekan Kirim lagi.")
        return _again(request, sentence, 503)
    with context.opened(request):
        form = _form(request)
        if go == "read" and not form.is_to_mend():
            return _read_back(request, form)
        return _ask(request, form)


def _form(request: Request) -> TakeDown:
    offices = list(queries.offices("").select_related("region"))
    return TakeDown(
        request.POST if request.method == "POST" else None,
        regions=regions.by_province(), offices=offices, how=request.GET.get("how", ""),
    )  # fmt: skip


def _ask(request: Request, form: TakeDown) -> HttpResponse:
    said = content.texts()
    values = {
        "t": said,
        "form": form,
        "may_type": access.can_take_down(request.actor),
        "acknowledged": guardrails.are_acknowledged(request.actor.user, timezone.now()),
        "safety": form.asked(1),
        "needs": form.asked(2),
        "story": form.asked(3),
        "r": routing.texts()["page"],
        "excluded": form.excluded_said() if form.is_bound else [],
        "kept_apart": queries.desks(form.said("desks")) if form.is_bound else [],
        "offered": public.desks_offered(form) if form.is_bound else [],
    }
    wrong = form.is_bound and request.POST.get("go") == "read"
    return render(request, "reports/take_down.html", values, status=422 if wrong else 200)


def _read_back(
    request: Request, form: TakeDown, sentence: str = "", status: int = 200
) -> HttpResponse:
    desks = public.desks_offered(form)
    form.offer(desks, public.notes_on(form, desks))
    receiver = form.chosen(desks) or (desks[0] if desks else None)
    fallback = public.fallback_of(form, receiver) if receiver else None
    said, token = content.texts(), form.said("token")
    answers = public.answers_of(form)
    values: dict[str, Any] = {
        "t": said,
        "form": form,
        "kept": form.as_typed(),
        "sentence": sentence,
        "sections": words.sections(
            answers,
            regions=regions.names([form.said("region")]),
            offices=queries.office_names(words.offices_in(answers)),
        ),
        "can_send": bool(desks),
        "receiver": receiver,
        "fallback": fallback,
        "fallback_asks": said["page3"]["fallback"].format(desk=fallback.name) if fallback else "",
        "token": token if receipts.is_token(token) else receipts.new_token(),
    }
    return render(request, "reports/read_back.html", values, status=status)


def _again(request: Request, sentence: str, status: int) -> HttpResponse:
    with context.opened(request):
        return _read_back(request, _form(request), sentence, status)


def _send(request: Request) -> HttpResponse:
    now = timezone.now()
    with context.opened(request):
        form = _form(request)
        if form.is_to_mend():
            return _ask(request, form)
        receiver = form.chosen(public.desks_offered(form))
        fallback = public.agreed_fallback(form, receiver)
        if sentence := _not_yet(form, receiver, fallback):
            return _read_back(request, form, sentence, 422)
        assert receiver is not None
        answers = public.answers_of(form)
    token = form.said("token")
    source = str(request.user.pk).encode()
    receipt = receipts.open_words(receipts.words_of(token), source=source, filing=True)
    with context.opened(request):
        filed = dictation.take_down(
            actor=request.actor, receipt=receipt, answers=answers, receiver=receiver,
            fallback=fallback, channel=form.said("how"), now=now,
        )  # fmt: skip
        if not filed.shows_words:
            return render(request, "reports/sent_before.html", status=409)
        return _card(request, token)


def _not_yet(form: TakeDown, receiver: Desk | None, fallback: Desk | None) -> str:
    """What is still to do before the report can be sent; empty when nothing is."""
    if not form.said("agreed"):
        return gettext("Bacakan dulu, tanya setuju atau tidak, lalu centang di bawah.")
    if not receipts.is_token(form.said("token")):
        return str(content.texts()["common"]["try_again"])
    if receiver is None:
        return str(CannotReceive().sentence)
    if fallback is not None and str(fallback.ref) != form.said("shown"):
        return gettext("Tempat pengganti ikut berubah. Bacakan sekali lagi.")
    return ""


def _card(request: Request, token: str, sentence: str = "") -> HttpResponse:
    """The six words, in no other place than on this page."""
    six = receipts.words_of(token)
    values = {
        "words": six,
        "digits": receipts.digits_of(six),
        "token": token,
        "sentence": sentence,
        "navigation": [],
        "other_language_url": "",
    }
    return render(request, "reports/card.html", values, status=422 if sentence else 200)


def _given(request: Request) -> HttpResponse:
    """Leaves the page of the words once they were handed over; before that it stays."""
    token = request.POST.get("token", "")
    if request.POST.get("handed") or not receipts.is_token(token):
        return redirect("reports:inbox")
    with context.opened(request):
        return _card(request, token, gettext("Serahkan dulu enam kata ini, lalu centang."))
