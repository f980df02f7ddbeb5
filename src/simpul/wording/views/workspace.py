"""The pages on which texts are read, edited, reviewed, approved and taken back."""

from uuid import UUID

from csp.decorators import csp_replace
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from simpul.core import refusals
from simpul.core.access import AgainstTheRules
from simpul.network.http import Request
from simpul.wording import access, actions, forms, queries, shipped

PUBLIC_STYLE = settings.DOORS["public"]["CONTENT_SECURITY_POLICY"]["DIRECTIVES"]["style-src"]


def texts(request: Request) -> HttpResponse:
    """What the public door says, page by page, with source, version and the day it was checked."""
    pages = shipped.pages()
    page = pages.get(request.GET.get("page", ""), next(iter(pages.values())))
    values = {
        "page": page,
        "tabs": [
            {"label": one.title, "url": f"?page={one.code}", "current": one is page}
            for one in pages.values()
        ],
        "lines": queries.lines(request.actor, page, timezone.localdate()),
        "may_edit": access.can_propose(request.actor),
        "keeps": access.keeps_texts(request.actor),
    }
    return render(request, "wording/texts.html", values)


def drafts(request: Request) -> HttpResponse:
    """The drafts that wait for a review or a second person."""
    waiting = [row for row in access.visible_editions(request.actor) if row.is_waiting]
    return render(request, "wording/drafts.html", {"drafts": waiting})


def edit(request: Request, room: str, name: str, key: str) -> HttpResponse:
    """Writes another wording beside the one that is said."""
    line = queries.line(request.actor, f"{room}/{name}", key, timezone.localdate())
    initial = {
        "indonesian": line.indonesian,
        "english": line.english,
        "source": line.source,
        "checked_on": timezone.localdate(),
    }
    form = forms.Edit(request.POST or None, initial=initial)
    if form.is_valid():
        with refusals.shown_on(form):
            edition = actions.propose(
                actor=request.actor, file=line.file, key=key, now=timezone.now(),
                **form.cleaned_data,
            )  # fmt: skip
            return redirect("wording:edition", edition.ref)
    values = {"form": form, "line": line, "may_edit": access.can_propose(request.actor)}
    return render(request, "wording/edit.html", values, status=422 if form.errors else 200)


def edition(request: Request, ref: UUID) -> HttpResponse:
    """A draft beside what is said now, and what is still to be done with it."""
    return _edition(request, ref, forms.Review(initial={"reviewed_on": timezone.localdate()}))


def _edition(request: Request, ref: UUID, form: forms.Review, sentence: str = "") -> HttpResponse:
    found = access.get_edition(request.actor, ref)
    values = {
        "edition": found,
        "page": shipped.page_of(found.file, found.key),
        "before": queries.as_before(found),
        "form": form,
        "sentence": sentence,
        "may_review": found.is_waiting and access.can_propose(request.actor),
        "may_approve": access.can_approve(request.actor, found),
    }
    status = 422 if sentence or form.errors else 200
    return render(request, "wording/edition.html", values, status=status)


@csp_replace({"style-src": PUBLIC_STYLE, "form-action": "'none'"})  # type: ignore[arg-type]
def preview(request: Request, ref: UUID) -> HttpResponse:
    """The page as the public door shows it, with the draft in its place; its forms send nothing."""
    found = access.get_edition(request.actor, ref)
    drawn = queries.public_page(found)
    if drawn is not None:
        return HttpResponse(drawn)
    values = {
        "edition": found,
        "page": shipped.page_of(found.file, found.key),
        "lines": queries.with_draft(found),
    }
    return render(request, "wording/preview.html", values)


@require_POST
def review(request: Request, ref: UUID) -> HttpResponse:
    """Writes down what an adviser said of a draft."""
    form = forms.Review(request.POST)
    if form.is_valid():
        with refusals.shown_on(form):
            found = access.get_edition(request.actor, ref)
            actions.review(actor=request.actor, edition=found, **form.cleaned_data)
            return redirect("wording:edition", ref)
    return _edition(request, ref, form)


@require_POST
def approve(request: Request, ref: UUID) -> HttpResponse:
    """Puts a draft in force."""
    found = access.get_edition(request.actor, ref)
    try:
        actions.approve(actor=request.actor, release=found, now=timezone.now())
    except AgainstTheRules as error:
        return _edition(request, ref, forms.Review(), str(error.sentence))
    return redirect("wording:edition", ref)


@require_POST
def end(request: Request, ref: UUID) -> HttpResponse:
    """Drops a draft, or goes back to the shipped text."""
    found = access.get_edition(request.actor, ref)
    try:
        actions.end(actor=request.actor, release=found, now=timezone.now())
    except AgainstTheRules as error:
        return _edition(request, ref, forms.Review(), str(error.sentence))
    return redirect("wording:edition", ref)
