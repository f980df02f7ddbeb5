"""The report from its first question to the receipt, and what lies behind the receipt.

Until Kirim nothing is kept: earlier pages travel as hidden fields, and no cookie is set. Whatever
goes wrong, every word that was typed is on the page that answers.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt

from simpul.core.access import AgainstTheRules, NotYours
from simpul.core.doors import derives_first
from simpul.core.templatetags.simpul import day, moment
from simpul.directory import queries as directory
from simpul.network import regions
from simpul.network.models import Desk
from simpul.reports import (
    access,
    actions,
    advice,
    content,
    doors,
    modes,
    own,
    queries,
    reading,
    routing,
    triage,
)
from simpul.reports.access import Reporter
from simpul.reports.actions import CannotReceive, Filing, control
from simpul.reports.doors import behind_receipt
from simpul.reports.floods import Flood
from simpul.reports.forms import public as forms
from simpul.reports.models import Report
from simpul.reports.reading import Answers
from simpul.vault import context, receipts, scrub
from simpul.vault.keydirectory import NotInDirectory, Untrusted
from simpul.vault.receipts import Opened
from simpul.vault.refusals import Hourly
from simpul.vault.sources import Patience, source_of

LAST = 3
KEPT_AFTER = timedelta(days=365)  # the retention that page 3 states
MOVES = {"back": -1, "skip": 1, "next": 1}
# A page that holds words nobody has sent, or words shown once, has no link that would lose them.
ALONE: dict[str, Any] = {"other_language_url": "", "navigation": []}
patience = Patience()
flood = Flood()
refused = Hourly()


# --- The three pages ----------------------------------------------------------------------------


@csrf_exempt
def start(request: HttpRequest) -> HttpResponse:
    """The three pages of the report, one after the other, forwards and back; nothing is stored."""
    if request.method != "POST":
        return _page(request, forms.Report(None, regions=[], offices=[]), 1)
    return _turn(request)


def _turn(request: HttpRequest) -> HttpResponse:
    """The page that the pressed button leads to; words that are too long are looked at first."""
    go = request.POST.get("go", "next")
    data = request.POST.copy()
    if go == "skip":
        for question in forms.PAGES[1]:
            data.pop(question, None)
    form = _form(data)
    here = {"1": 1, "2": 2, "3": 3}.get(request.POST.get("step", ""), 1)
    target = min(max(here + MOVES.get(go, 0), 1), LAST)
    return _page(request, form, form.first_page_to_mend(target) or target)


def _form(data: Any) -> forms.Report:
    offices = list(queries.offices("").select_related("region"))
    return forms.Report(data, regions=regions.by_province(), offices=offices)


def _page(
    request: HttpRequest, form: forms.Report, number: int, sentence: str = "", status: int = 200
) -> HttpResponse:
    said = content.texts()
    values: dict[str, Any] = {
        "t": said,
        "form": form,
        "number": number,
        "page_of": said["common"]["page_of"].format(number=number),
        "kept": form.elsewhere(number),
        "sentence": sentence,
    }
    if number > 1:
        values |= ALONE
    if number == 1:
        values["listening"] = directory.hotlines("selfharm")
    if number == 2:
        values |= _advice(form)
    if number == LAST:
        values |= _choices(form)
    if form.is_bound and form.errors.keys() & set(forms.PAGES[number]):
        status = 422
    return render(request, f"reports/public/page{number}.html", values, status=status)


def _advice(form: forms.Report) -> dict[str, Any]:
    answers = {question: form.said(question) for question in content.QUESTIONS}
    for_whom = form.said("for_whom")
    for_other = content.is_for_other({"for_whom": for_whom}) if for_whom else None
    found = advice.after(answers, for_other=for_other)
    return {
        "calls_first": triage.calls_first(answers),
        "advice": found,
        "has_numbers": any(item.hotlines for item in found),
        "for_other": for_other,
        "third": content.texts()["third"][for_whom] if for_other else None,
        "journey": form.journey(),
    }


def desks_offered(form: forms.Report) -> list[Desk]:
    """The few desks that she may choose from."""
    desks = queries.receivers(
        form.said("region"), form.keep_out(), needs=form.said("needs"), rules=form.rules()
    )
    answers = {question: form.said(question) for question in content.QUESTIONS}
    kinds = directory.kinds_of(desks)
    return triage.in_order(desks, answers, kinds, form.said("region"))[: queries.MOST_OFFERED]


def _choices(form: forms.Report) -> dict[str, Any]:
    desks = desks_offered(form)
    form.offer(desks, notes_on(form, desks))
    receiver = form.chosen(desks) or (desks[0] if desks else None)
    fallback = fallback_of(form, receiver) if receiver else None
    said = content.texts()["page3"]
    token = form.said("token")
    region = form.said("region")
    answers = {question: form.said(question) for question in content.QUESTIONS}
    found = [
        (kind, directory.places(region, kind, timezone.now())[:3] if region else [])
        for kind in triage.places_first(answers)
    ]
    return {
        "can_send": bool(desks),
        "hotlines": [] if desks else directory.hotlines(),
        "fallback": fallback,
        "fallback_asks": said["fallback"].format(desk=fallback.name) if fallback else "",
        "fallback_honest": said["fallback_honest"].format(desk=fallback.name) if fallback else "",
        "excluded": form.excluded_said(),
        "kept_apart": queries.desks(form.said("desks")),
        "offered": desks,
        "unsent": [] if desks else form.typed(["story", "token", "receiver", "fallback"]),
        "shut_out": [] if desks else form.typed(["excluded", "desks", "types"]),
        "r": routing.texts()["page"],
        "says": routing.says(form.said("kind")),
        "doors": directory.outside(form.rules().doors),
        "warnings": routing.warnings(form.said("kind")),
        "is_work": form.rules().is_work or form.said("kind") in {"", "unknown"},
        "may_be_child": form.said("child") in {"yes", "unknown"},
        "first": [(kind, places) for kind, places in found if places],
        "token": token if receipts.is_token(token) else receipts.new_token(),
    }


def notes_on(form: forms.Report, desks: list[Desk]) -> dict[int, list[str]]:
    """What is to know about each desk before choosing it: its help, and whom it must tell."""
    said, kinds = content.texts()["page3"], directory.kinds()
    gives = directory.kinds_of(desks)
    notes = {}
    for desk in desks:
        codes = content.needs_met(form.said("needs"), gives[desk.pk]) or gives[desk.pk]
        names = [kinds[code] for code in codes if code in kinds][:3]
        line = said["receiver_services"].format(services=", ".join(names))
        notes[desk.pk] = [
            *([line] if names else []),
            gettext("Wajib melaporkan kekerasan seksual ke polisi dalam 3 x 24 jam.")
            if queries.must_tell_police(desk)
            else gettext("Bertanya dulu sebelum menghubungi polisi."),
        ]
    return notes


# --- Kirim --------------------------------------------------------------------------------------


@csrf_exempt
@derives_first
def send(request: HttpRequest) -> HttpResponse:
    """Files the report and shows the six words; pressing it again makes no second report."""
    if request.method != "POST":
        return redirect("reports:start")
    if request.POST.get("go") in {"back", "more"}:
        with context.opened("public"):
            return _turn(request)
    try:
        return _send(request)
    except AgainstTheRules as error:
        return _again(request, str(error.sentence), 422)
    except NotInDirectory:
        return _again(request, str(CannotReceive().sentence), 422)
    except (DatabaseError, Untrusted):
        return _unsent(request)


def _send(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    with context.opened("public"):
        form = _form(request.POST)
        receiver = form.chosen(desks_offered(form))
        fallback = agreed_fallback(form, receiver)
        if (again := _ask_again(request, form, receiver, fallback)) is not None:
            return again
        assert receiver is not None
    source = source_of(request.META.get("REMOTE_ADDR", ""))
    opened = receipts.open_words(receipts.words_of(form.said("token")), source=source, filing=True)
    with context.opened("public", receipt=opened.lookup):
        filed = actions.file(
            actor=Filing(), receipt=opened, answers=answers_of(form), receiver=receiver,
            fallback=fallback, now=now, held=flood.holds(source, time.monotonic()),
        )  # fmt: skip
        if not filed.shows_words:
            return render(request, "reports/public/known.html", {"t": content.texts()}, status=409)
        report = access.own_report(opened.pair)
        return _receipt(request, form.said("token"), report, sent_before=filed.outcome == "again")


def _ask_again(
    request: HttpRequest, form: forms.Report, receiver: Desk | None, fallback: Desk | None
) -> HttpResponse | None:
    """The page that needs another look before the report can be sent; None when none does."""
    mend = form.first_page_to_mend(LAST + 1)
    if mend is not None:
        return _page(request, form, mend)
    once_more = content.texts()["common"]["try_again"]
    if not receipts.is_token(form.said("token")):
        return _page(request, form, LAST, once_more, 422)
    if receiver is None:
        return _page(request, form, LAST, str(CannotReceive().sentence), 422)
    if fallback is not None and str(fallback.ref) != form.said("shown"):
        sentence = gettext("Tempat pengganti ikut berubah. Periksa sekali lagi.")
        return _page(request, form, LAST, sentence, 422)
    return None


def fallback_of(form: forms.Report, receiver: Desk) -> Desk | None:
    """The desk that may open the report when nobody answers, outside what is kept out."""
    return queries.fallback_for(
        receiver, form.keep_out(), region=form.said("region"), rules=form.rules()
    )


def agreed_fallback(form: forms.Report, receiver: Desk | None) -> Desk | None:
    """The desk that opens the report when nobody answers, if she said yes."""
    return fallback_of(form, receiver) if receiver and form.said("fallback") == "yes" else None


def answers_of(form: forms.Report) -> Answers:
    """The answers by compartment; what is empty and need not be there is left out."""
    contact = {"channel": form.said("channel")} | {
        name: form.said(name) for name in ("detail", "hours", "cover")
    }
    person = form.person()
    journey = {field.name: form.said(field.name) for field in form.journey()}
    found: Answers = {
        "safety": {question: form.said(question) for question in content.QUESTIONS},
        "notes": {name: form.said(name) for name in ("needs", "region", "for_whom")}
        | {name: answer for name, answer in journey.items() if answer},
        "incident": {"story": form.said("story")},
    }
    if any(contact.values()):
        found["contact"] = contact
    if any(person.values()):
        found["reported_person"] = person
    return found


def _receipt(
    request: HttpRequest, token: str, report: Report, *, sent_before: bool
) -> HttpResponse:
    said = content.texts()["receipt"]
    six = receipts.words_of(token)
    desk, due = own.responsible(report), own.reply_due()
    values = {
        "t": content.texts(),
        "words": six,
        "digits": receipts.digits_of(six),
        "next": said["next"].format(when=_when(due, desk), role=desk.name) if due else "",
        "fallback_on": said["fallback_on"].format(desk=report.fallback.name)
        if report.fallback
        else "",
        "sent_before": sent_before,
    }
    return render(request, "reports/public/receipt.html", values | ALONE)


def _again(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    with context.opened("public"):
        return _page(request, _form(request.POST), LAST, sentence, status)


def _unsent(request: HttpRequest) -> HttpResponse:
    """The last page once more; and where even that needs the database, a page without choices."""
    sentence = gettext("Belum terkirim. Tulisan Anda masih ada di layar. Tekan Kirim lagi.")
    try:
        response = _again(request, sentence, 503)
    except (DatabaseError, Untrusted):
        typed = [(name, v) for name, values in request.POST.lists() for v in values]
        kept = [(name, v) for name, v in typed if name != "go"]
        values = {"t": content.texts(), "kept": kept, "sentence": sentence}
        response = render(request, "reports/public/unsent.html", values, status=503)
    response["Retry-After"] = "10"
    return response


# --- Opening it again ---------------------------------------------------------------------------


@csrf_exempt
@derives_first
def open_news(request: HttpRequest) -> HttpResponse:
    """Opens what lies behind six words; it never says whether a report exists."""
    if request.method != "POST":
        return _asked_for_words(request, "")
    said = content.texts()["open"]
    typed = request.POST.get("words", "")[:500]
    words_ = receipts.read(typed)
    if words_ is None:
        return _asked_for_words(request, _misspelt(typed))
    source = source_of(request.META.get("REMOTE_ADDR", ""))
    seconds = patience.begin(source, time.monotonic())
    if seconds:
        return _asked_for_words(request, said["slow"].format(seconds=seconds), 429)
    opened = receipts.open_words(words_, source=source, filing=False)
    with context.opened("public", receipt=opened.lookup):
        try:
            reporter = access.get_by_receipt(opened.pair)
        except NotYours:
            if ended := refused.note(timezone.now()):
                actions.record_refusals(actor=Filing(), count=ended)
            return _asked_for_words(request, said["no_match"])
        patience.right(source)
        doors.begin(request, opened)
        control.come_back()
        if request.POST.get("message"):  # typed before the page closed by itself
            draft = forms.Message(request.POST)
            return _mine(request, reporter, message=draft, sentence=_still_unsent())
    return redirect("reports:mine")


def _asked_for_words(request: HttpRequest, sentence: str, status: int = 200) -> HttpResponse:
    kept = [(name, request.POST[name]) for name in doors.KEPT if request.POST.get(name)]
    values = {
        "t": content.texts(),
        "sentence": sentence,
        "kept": kept,
        "words": request.POST.get("words", ""),
    }
    if request.method == "POST":
        values |= ALONE
        status = 422 if status == 200 else status
    return render(request, "reports/public/open.html", values, status=status)


def _misspelt(typed: str) -> str:
    """Which word is not in the list; said without deriving anything."""
    said = content.texts()["open"]
    number = receipts.unknown_word(typed)
    return str(said["not_a_word"].format(number=number) if number else said["no_match"])


def _still_unsent() -> str:
    return gettext("Pesan Anda belum terkirim. Tekan Kirim di bawah.")


@csrf_exempt
def leave(request: HttpRequest) -> HttpResponse:
    """Closes what was open in this browser; on a shared computer it also leaves for a neutral page."""
    if request.method != "POST":
        return redirect("site:home")
    shared = modes.of(request).shared or bool(request.session.get("shared"))
    request.session.flush()
    if not shared:
        return redirect("site:home")
    response = redirect(settings.EXIT_URL)
    response["Clear-Site-Data"] = '"cache", "cookies", "storage"'
    return response


# --- Behind the receipt -------------------------------------------------------------------------


@behind_receipt
def mine(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """How the report stands: who answers, until when, who read it, and the messages."""
    return _mine(request, reporter)


@behind_receipt
def write(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Writes to the desk that answers."""
    if request.method != "POST":
        return redirect("reports:mine")
    form = forms.Message(request.POST)
    if not form.is_valid():
        return _mine(request, reporter, message=form, status=422)
    if not form.cleaned_data["message"]:
        return redirect("reports:mine")
    try:
        actions.send(
            actor=reporter, ref=form.cleaned_data["ref"], text=form.cleaned_data["message"],
            now=timezone.now(),
        )  # fmt: skip
    except AgainstTheRules as error:
        form.add_error(None, str(error.sentence))
        return _mine(request, reporter, message=form, status=422)
    return redirect("reports:mine")


@derives_first
def add_file(request: HttpRequest) -> HttpResponse:
    """Cleans a file in a confined process, then seals it into the report."""
    if request.method != "POST":
        return redirect("reports:mine")
    form = forms.File(request.POST, request.FILES)
    sentence, clean = "", None
    if doors.lookup(request) is not None:
        sentence, clean = _cleaned(request, form)
    with context.opened("public", receipt=doors.lookup(request)):
        reporter = doors.reporter(request)
        if reporter is None:
            return doors.ask_again(request)
        if clean is None:
            return _mine(request, reporter, file_sentence=sentence, status=422)
        try:
            actions.send(
                actor=reporter, ref=form.cleaned_data["ref"], file=clean, now=timezone.now(),
                text=content.control()["dialogue"]["sent_file"],
            )  # fmt: skip
        except AgainstTheRules as error:
            return _mine(request, reporter, file_sentence=str(error.sentence), status=422)
    return redirect("reports:mine")


def _cleaned(request: HttpRequest, form: forms.File) -> tuple[str, scrub.Scrubbed | None]:
    """The clean copy of the file, or the sentence that says what to do."""
    if not form.is_valid() or not form.cleaned_data["file"]:
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_LIMIT:
            return str(scrub.TooLarge.sentence), None
        return gettext("Pilih berkas dulu, lalu tekan Tambah."), None
    try:
        return "", scrub.scrub(form.cleaned_data["file"].read())
    except scrub.ScrubError as error:
        return str(error.sentence), None


@behind_receipt
def stop(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """Asks once, then ends every desk's access in one transaction."""
    if request.method != "POST":
        return render(request, "reports/public/stop.html", {"t": content.texts()})
    actions.withdraw(actor=reporter, now=timezone.now())
    return redirect("reports:mine")


@behind_receipt
def reopen(request: HttpRequest, reporter: Reporter) -> HttpResponse:
    """She comes back: the desk that answered last may read what she wrote again."""
    if request.method == "POST":
        try:
            actions.reopen(actor=reporter, now=timezone.now())
        except NotInDirectory:
            return _mine(request, reporter, sentence=str(CannotReceive().sentence), status=422)
    return redirect("reports:mine")


@derives_first
def replace(request: HttpRequest) -> HttpResponse:
    """Gives the report six other words; the same form sent twice shows the same words."""
    token = request.POST.get("token", "")
    opened = None
    if request.method == "POST" and receipts.is_token(token) and doors.lookup(request) is not None:
        source = source_of(request.META.get("REMOTE_ADDR", ""))
        opened = receipts.open_words(receipts.words_of(token), source=source, filing=True)
        if _is_open(opened):  # pressed twice: the first press has replaced the words
            return _new_words(request, token, opened)
    try:
        with context.opened("public", receipt=doors.lookup(request)):
            reporter = doors.reporter(request)
            if reporter is None:
                return doors.ask_again(request)
            if opened is None:
                values = {"t": content.texts(), "token": receipts.new_token()}
                return render(request, "reports/public/replace.html", values)
            actions.replace_receipt(actor=reporter, fresh=opened)
    except DatabaseError:  # pressed twice at the same moment
        if opened is None or not _is_open(opened):
            raise
    return _new_words(request, token, opened)


def _is_open(opened: Opened) -> bool:
    with context.opened("public", receipt=opened.lookup):
        try:
            access.get_by_receipt(opened.pair)
        except NotYours:
            return False
        return True


def _new_words(request: HttpRequest, token: str, opened: Opened) -> HttpResponse:
    doors.remember(request, opened)
    six = receipts.words_of(token)
    values = {"t": content.texts(), "words": six, "digits": receipts.digits_of(six)}
    return render(request, "reports/public/replaced.html", values | ALONE)


def _mine(
    request: HttpRequest,
    reporter: Reporter,
    *,
    message: forms.Message | None = None,
    file_sentence: str = "",
    sentence: str = "",
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    report = reporter.report
    if report.state == Report.State.ERASED:
        return _erased(request)
    shown = reading.read_own(reporter)
    reads = own.reads()
    desk, due = own.responsible(report), own.reply_due()
    said = content.texts()["status"]
    stopped = report.state == Report.State.WITHDRAWN
    values = {
        "t": content.texts(),
        "reporter": reporter,
        "sentence": sentence,
        "stopped": stopped,
        "stopped_until": _stopped_until(report),
        "standing": own.standing(
            report, reads=reads, messages=[m for m, _text in shown.messages], due=due, now=now
        ),
        "responsible": "" if stopped else said["responsible"].format(role=desk.name),
        "by_when": said["by_when"].format(when=_when(due, desk)) if due and now <= due else "",
        "reads": reads,
        "messages": [
            (
                said["message_from_desk"].format(desk=m.desk.name)
                if m.desk
                else said["message_from_you"],
                m,
                text,
                [(row, about) for row, about in shown.files if row.message_id == m.ref],
            )
            for m, text in shown.messages
        ],
        "files": [(row, about) for row, about in shown.files if row.message_id is None],
        "c": content.control(),
        "message_due": own.message_sentence(report, now=now),
        "kept": own.kept_sentence(report),
        "frozen": report.frozen_at is not None,
        "erasure": _erasure(desk),
        "late": own.late(),
        "questions": access.own_questions(),
        "message": message or forms.Message(),
        "file": forms.File()
        if sum(row.desk_id is None for row, _about in shown.files) < own.MOST_FILES
        else None,
        "file_sentence": file_sentence,
        "zone": desk.agency.region.zone,
    }
    if request.method == "POST":
        values |= ALONE
    return render(request, "reports/public/mine.html", values, status=status)


def _erased(request: HttpRequest) -> HttpResponse:
    """All that is left behind these six words: that it is gone, and what remains elsewhere."""
    values = {"t": content.texts(), "c": content.control()}
    return render(request, "reports/public/erased.html", values)


def _erasure(desk: Desk) -> dict[str, Any] | None:
    """The newest request to erase: that it waits and until when, or why it was refused."""
    found = access.own_erasure()
    if found is None or found.cancelled_at is not None:
        return None
    sentence, article = content.refusal(found.reason) if found.refused_at else ("", "")
    due = content.control()["erase"]["due"].format(when=_when(found.due_at, desk))
    return {"waits": found.is_waiting, "due": due, "sentence": sentence, "article": article}


def _stopped_until(report: Report) -> str:
    if report.withdrawn_at is None:
        return ""
    until = day(report.withdrawn_at + KEPT_AFTER)
    done: str = content.texts()["withdraw"]["done_report"]
    return done.format(date=until)


def _when(at: datetime, desk: Desk) -> str:
    return str(moment(at, desk.agency.region.zone))
