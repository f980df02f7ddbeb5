"""The files of a case: the list, sending one whole or in pieces, downloading, striking out."""

from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.forms import Form
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from simpul.cases import access, delivery, forms, header, kinds
from simpul.cases.actions import documents, files
from simpul.cases.models import Case
from simpul.core import refusals
from simpul.core.access import AgainstTheRules, NotYours
from simpul.network import context
from simpul.network.http import Request
from simpul.reports import words
from simpul.vault import pieces

MEGA = 1024 * 1024


def listed(request: Request, case_code: str) -> HttpResponse:
    """The files of a case, compartment by compartment, and a new one."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    form = forms.AddFile(request.POST or None, request.FILES or None)
    if form.is_valid():
        said = form.cleaned_data
        with refusals.shown_on(form):
            documents.add(
                actor=request.actor, case=case, ref=said["ref"], compartment=said["compartment"],
                name=said["file"][0], data=said["file"][1], now=now,
            )  # fmt: skip
            return redirect("cases:files", case_code)
    shown = documents.read_names(actor=request.actor, case=case)
    goes_on = next((s for s in shown if str(s.row.ref) == request.GET.get("continue")), None)
    if goes_on is not None and not form.is_bound:
        form = forms.AddFile(initial={"ref": goes_on.row.ref, "compartment": goes_on.compartment})
    return _list(request, case, form, shown, goes_on)


def _list(
    request: Request,
    case: Case,
    form: forms.AddFile,
    shown: list[documents.Shown],
    goes_on: documents.Shown | None,
) -> HttpResponse:
    file = files.read(actor=request.actor, case=case)
    whole = [one for one in shown if one.row.finished_at is not None or one.row.removed_at]
    parts = [
        (code, name, [(one, size(one.size)) for one in whole if one.compartment == code])
        for code, name in words.compartments()
    ]
    values: dict[str, Any] = {
        **header.values(request.actor, case, file, timezone.now()),
        "parts": [part for part in parts if part[2]],
        "coming": [one for one in shown if one not in whole],
        "goes_on": goes_on,
        "closed": [words.compartment(code) for code in file.closed],
        "form": form,
        "piece_size": pieces.SIZE,
        "most": pieces.SIZE * pieces.MOST,
        "whole_size": settings.FILE_LIMIT,
        "cleaned": " ".join(ending for ending, kind in kinds.KINDS.items() if kind.cleaned),
    }
    return render(request, "cases/files.html", values, status=422 if form.errors else 200)


def size(count: int) -> str:
    """How large a file is, in words."""
    return f"{max(1, round(count / 1024))} KB" if count < MEGA else f"{count / MEGA:.1f} MB"


@require_POST
def begin(request: Request, case_code: str) -> HttpResponse:
    """Takes what a browser declares of a large file, and says which pieces are there already."""
    case = access.get_case(request.actor, case_code)
    form = forms.BeginFile(request.POST)
    if form.is_valid():
        with refusals.shown_on(form):
            there = documents.begin(
                actor=request.actor, case=case, now=timezone.now(), **form.cleaned_data
            )
            return JsonResponse({"there": there})
    return _sentence(form)


def _sentence(form: Form) -> JsonResponse:
    sentences = [str(text) for errors in form.errors.values() for text in errors]
    return JsonResponse({"sentence": " ".join(sentences)}, status=422)


@require_POST
def put_piece(request: Request, case_code: str, ref: UUID, number: int) -> HttpResponse:
    """Seals one piece of a large file."""
    case = access.get_case(request.actor, case_code)
    file = request.FILES.get("piece")
    try:
        whole = documents.put_piece(
            actor=request.actor, case=case, ref=ref, number=number,
            data=file.read() if file else b"", now=timezone.now(),
        )  # fmt: skip
    except AgainstTheRules as error:
        return JsonResponse({"sentence": str(error.sentence)}, status=422)
    return JsonResponse({"whole": whole})


@require_safe
def download(request: Request, case_code: str, ref: UUID) -> HttpResponseBase:
    """A file to keep, never to show inside a page: whole, or the range that is asked for."""
    case = access.get_case(request.actor, case_code)
    asked = request.headers.get("Range", "") if request.method == "GET" else ""
    turn = delivery.Turn()
    if not turn.taken:
        return HttpResponse(
            _("Sudah tiga berkas sedang diunduh. Coba lagi sebentar."),
            status=HTTPStatus.SERVICE_UNAVAILABLE,
            content_type="text/plain; charset=utf-8",
            headers={"Retry-After": "10"},
        )
    try:
        return _answer(request, case, ref, asked, turn)
    except BaseException:
        turn.give_back()
        raise


def _answer(
    request: Request, case: Case, ref: UUID, asked: str, turn: delivery.Turn
) -> HttpResponseBase:
    first = not asked or asked.startswith("bytes=0-")
    file = documents.open_file(
        actor=request.actor, case=case, ref=ref, first=first, now=timezone.now()
    )
    tag = f'"{file.tag}"'
    if request.headers.get("If-Range", tag) != tag:
        asked = ""
    span = delivery.span_of(asked, file.about.size)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": tag,
        "Content-Disposition": _disposition(file.about.name),
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    kind = file.about.media_type
    if span is None:
        turn.give_back()
        headers["Content-Range"] = f"bytes */{file.about.size}"
        return HttpResponse(status=416, headers=headers, content_type=kind)
    status = 200
    if asked and span.length < file.about.size:
        status = 206
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{file.about.size}"
    headers["Content-Length"] = str(span.length)
    if request.method == "HEAD":
        turn.give_back()
        return HttpResponse(status=status, headers=headers, content_type=kind)
    stream = delivery.Delivery(turn, partial(context.again, request), file.row, case.code, span)
    return StreamingHttpResponse(stream, status=status, headers=headers, content_type=kind)


def _disposition(name: str) -> str:
    """The name in letters that every browser takes, and as it was (RFC 6266)."""
    ending = kinds.ending(name)
    return f"attachment; filename=\"berkas.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"


def remove(request: Request, case_code: str, ref: UUID) -> HttpResponse:
    """Strikes a file out, with a reason."""
    case, now = access.get_case(request.actor, case_code), timezone.now()
    if not access.can_lead(request.actor, case):
        raise NotYours
    form = forms.RemoveFile(request.POST or None)
    if form.is_valid():
        documents.remove(actor=request.actor, case=case, ref=ref, now=now, **form.cleaned_data)
        return redirect("cases:files", case_code)
    file = files.read(actor=request.actor, case=case)
    shown = documents.read_names(actor=request.actor, case=case)
    found = next((s for s in shown if s.row.ref == ref and s.row.removed_at is None), None)
    if found is None:
        raise NotYours
    values = {
        **header.values(request.actor, case, file, now),
        "found": found,
        "part": words.compartment(found.compartment),
        "form": form,
    }
    return render(request, "cases/remove_file.html", values, status=422 if form.errors else 200)
