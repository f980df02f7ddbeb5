"""The pages on which a desk receives, reads and answers reports."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext

from simpul.clocks import face
from simpul.clocks import queries as clocks
from simpul.core import refusals
from simpul.core.access import NotYours
from simpul.core.doors import derives_first
from simpul.network import context, regions
from simpul.network.http import Request
from simpul.reports import access, actions, content, queries, words
from simpul.reports.actions import notices
from simpul.reports.forms import desk as desk_forms
from simpul.reports.forms import workspace as forms
from simpul.reports.models import Report, Tie
from simpul.vault import scrub
from simpul.vault.scrub import Scrubbed


def read(request: Request, code: str) -> HttpResponse:
    """A report, opened: what the reporter answered, wrote and attached."""
    report = access.get_report(request.actor, code)
    return _page(request, report, forms.Answer())


def answer(request: Request, code: str) -> HttpResponse:
    """Writes to the reporter."""
    report = access.get_report(request.actor, code)
    form = forms.Answer(request.POST or None)
    if form.is_valid():
        with refusals.shown_on(form):
            actions.answer(
                actor=request.actor, report=report, now=timezone.now(), **form.cleaned_data
            )
            return redirect("reports:read", code=code)
    return _page(request, report, form)


def notify(request: Request, code: str) -> HttpResponse:
    """Sends the reporter the sign that there is news, if she chose one."""
    report = access.get_report(request.actor, code)
    sign = forms.Sign(request.POST or None)
    if sign.is_valid():
        with refusals.shown_on(sign):
            notices.send(actor=request.actor, report=report)
    return _page(request, report, forms.Answer(), sign=sign)


@derives_first
def send_file(request: Request, code: str) -> HttpResponse:
    """Cleans a file in a confined process, then seals it beside a message to the reporter."""
    form = forms.File(request.POST or None, request.FILES or None)
    clean = _cleaned(form) if request.method == "POST" and request.user.is_authenticated else None
    with context.opened(request):
        report = access.get_report(request.actor, code)
        if clean is not None:
            with refusals.shown_on(form):
                actions.answer(
                    actor=request.actor, report=report, ref=form.cleaned_data["ref"], file=clean,
                    text=gettext("Kami mengirim berkas untuk Anda."), now=timezone.now(),
                )  # fmt: skip
                return redirect("reports:read", code=code)
        return _page(request, report, forms.Answer(), form)


def _cleaned(form: forms.File) -> Scrubbed | None:
    """The clean copy of the file; None, with a sentence on the form, when there is none."""
    if not form.is_valid():
        return None
    try:
        return scrub.scrub(form.cleaned_data["file"].read())
    except scrub.ScrubError as error:
        form.add_error("file", str(error.sentence))
        return None


def file(request: Request, code: str, ref: UUID) -> HttpResponse:
    """An attachment to keep, never to show inside a page."""
    report = access.get_report(request.actor, code)
    opened = actions.open_file(actor=request.actor, report=report, ref=ref)
    if opened is None:
        raise NotYours
    about, data = opened
    response = HttpResponse(data, content_type=about["type"])
    name = f"berkas-{ref.hex[:6]}.{about['extension']}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _page(
    request: Request,
    report: Report,
    form: forms.Answer,
    file: forms.File | None = None,
    *,
    sign: forms.Sign | None = None,
) -> HttpResponse:
    now = timezone.now()
    reading = actions.read(actor=request.actor, report=report)
    said = reading.answers.get("notes", {})
    names = regions.names([said.get("region", "")])
    offices = queries.office_names(words.offices_in(reading.answers))
    clock = queries.answer_clock(report)
    owed = clocks.running_on("K30", [report.ref]).get(report.ref)
    files = [(row, about, _size(about["size"])) for row, about in reading.files]
    values: dict[str, Any] = {
        "report": report,
        "heading": content.summary(said, names.get(said.get("region", ""), "")),
        "sections": words.sections(reading.answers, regions=names, offices=offices),
        "messages": [
            (message, text, [one for one in files if one[0].message_id == message.ref])
            for message, text in reading.messages
        ],
        "files": [one for one in files if one[0].message_id is None],
        "form": form,
        "file_form": file or forms.File(),
        "sign": sign or forms.Sign(),
        "wishes_sign": queries.wished_sign(reading.answers.get("contact", {})),
        "message_clock": face.of(owed, request.actor.zone) if owed else None,
        "may_answer": access.can_answer(request.actor, report),
        "clock": face.of(clock, request.actor.zone) if clock else None,
        **_duty(request, report),
        "now": now,
    }
    return render(
        request,
        "reports/read.html",
        values,
        status=422 if any(one and one.errors for one in (form, file, sign)) else 200,
    )


def _duty(request: Request, report: Report) -> dict[str, Any]:
    """Who answers, who is tied, what was set aside, asked, told outside."""
    said = queries.ties(report)
    mine = said.get(request.actor.user.pk, "")
    members = queries.colleagues(report)
    return {
        "tie": mine,
        "tie_form": desk_forms.Declare(initial={"tie": mine}),
        "tied": sum(1 for user in members if said.get(user.pk, Tie.NO) != Tie.NO),
        "members": len(members),
        "aside": queries.set_aside_of(report),
        "questions": queries.questions_of(report),
        "linked": queries.together_with(request.actor, report),
        "escalations": queries.escalations_of(report),
    }


def _size(size: int) -> str:
    return f"{max(1, round(size / 1024))} KB"
