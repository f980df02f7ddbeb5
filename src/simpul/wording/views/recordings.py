"""The pages on which recorded readings are laid down, heard, approved and ended."""

from uuid import UUID

from csp.decorators import csp_update
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from simpul.core import refusals
from simpul.core.access import AgainstTheRules
from simpul.network.http import Request
from simpul.wording import access, actions, forms, queries, shipped, sound


def listed(request: Request) -> HttpResponse:
    """The recordings by page and language, and which of them read an older wording."""
    names = dict(shipped.language_names())
    rows = [
        {
            "recording": row,
            "page": shipped.pages()[row.page].title,
            "language": names[row.language],
            "current": queries.is_current(row),
        }
        for row in access.visible_recordings(request.actor)
        if row.page in shipped.pages() and row.language in names
    ]
    values = {
        "rows": rows,
        "may_edit": access.can_propose(request.actor),
        "keeps": access.keeps_texts(request.actor),
    }
    return render(request, "wording/recordings.html", values)


def add(request: Request) -> HttpResponse:
    """Lays down a reading."""
    form = forms.Reading(request.POST or None, request.FILES or None)
    if form.is_valid():
        said = dict(form.cleaned_data)
        with refusals.shown_on(form):
            clean = sound.cleaned(said.pop("file"))
            recording = actions.record(
                actor=request.actor, reading=clean, now=timezone.now(), **said
            )
            return redirect("wording:recording", recording.ref)
    values = {"form": form, "may_edit": access.can_propose(request.actor)}
    status = 422 if form.errors else 200
    return render(request, "wording/add_recording.html", values, status=status)


@csp_update({"media-src": "'self'"})  # type: ignore[arg-type]
def show(request: Request, ref: UUID) -> HttpResponse:
    """One recording, to be heard before it is approved."""
    return _show(request, ref)


def _show(request: Request, ref: UUID, sentence: str = "") -> HttpResponse:
    recording = access.get_recording(request.actor, ref)
    values = {
        "recording": recording,
        "page": shipped.pages()[recording.page].title,
        "language": dict(shipped.language_names())[recording.language],
        "current": queries.is_current(recording),
        "sentence": sentence,
        "may_approve": access.can_approve(request.actor, recording),
    }
    return render(request, "wording/recording.html", values, status=422 if sentence else 200)


def hear(request: Request, ref: UUID) -> HttpResponse:
    """The sound of a recording, also of one that waits."""
    recording = access.get_recording(request.actor, ref)
    return HttpResponse(bytes(recording.sound), content_type="audio/ogg")


@require_POST
def approve(request: Request, ref: UUID) -> HttpResponse:
    """Lets everybody hear it."""
    recording = access.get_recording(request.actor, ref)
    try:
        actions.approve(actor=request.actor, release=recording, now=timezone.now())
    except AgainstTheRules as error:
        return _show(request, ref, str(error.sentence))
    return redirect("wording:recording", ref)


@require_POST
def end(request: Request, ref: UUID) -> HttpResponse:
    """Nobody hears it any more."""
    recording = access.get_recording(request.actor, ref)
    try:
        actions.end(actor=request.actor, release=recording, now=timezone.now())
    except AgainstTheRules as error:
        return _show(request, ref, str(error.sentence))
    return redirect("wording:recording", ref)
