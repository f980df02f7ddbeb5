"""How templates say moments, days and the time left, and how they show a form field."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, RadioSelect
from django.template.loader import render_to_string
from django.utils import dateformat, translation
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

register = template.Library()

# Keputusan Presiden 41/1987 divides Indonesia into three times; Pontianak keeps western time.
ZONE_WORDS = {
    "Asia/Jakarta": "WIB",
    "Asia/Pontianak": "WIB",
    "Asia/Makassar": "WITA",
    "Asia/Jayapura": "WIT",
}
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@register.filter
def moment(value: dt.datetime | None, zone: str = "") -> str:
    """Say a moment in full: "Sabtu, 22 November 2026, 14.30 WITA".

    `zone` is a name of the time zone database; without it the moment is told in
    settings.TIME_ZONE. Raises ValueError when the moment carries no zone of its own.
    """
    if not value:
        return ""
    if value.tzinfo is None:
        raise ValueError("A moment must carry its time zone.")
    name = zone or settings.TIME_ZONE
    local = value.astimezone(ZoneInfo(name))
    clock = dateformat.format(local, "H.i" if _indonesian() else "H:i")
    return f"{_day(local)}, {clock} {ZONE_WORDS.get(name) or local.tzname()}"


@register.filter
def day(value: dt.date | None) -> str:
    """Say a day in full: "Sabtu, 22 November 2026"; a moment becomes its day in TIME_ZONE."""
    if not value:
        return ""
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        value = value.astimezone(ZoneInfo(settings.TIME_ZONE))
    return _day(value)


@register.filter
def until(value: dt.datetime | None, now: dt.datetime) -> str:
    """Say how far a moment is from `now`: "2 jam lagi", "terlambat 3 jam", "sekarang".

    Whole minutes below one hour, whole hours up to 72 (the longest clocks that count hours), whole
    days beyond. Rounded down, so that nobody is promised more time than there is.
    """
    if not value:
        return ""
    seconds = int((value - now).total_seconds())
    left = abs(seconds)
    if left < MINUTE:
        return gettext("sekarang")
    if left < HOUR:
        count = left // MINUTE
        ahead = ngettext("%(count)d menit lagi", "%(count)d menit lagi", count)
        behind = ngettext("terlambat %(count)d menit", "terlambat %(count)d menit", count)
    elif left <= 3 * DAY:
        count = left // HOUR
        ahead = ngettext("%(count)d jam lagi", "%(count)d jam lagi", count)
        behind = ngettext("terlambat %(count)d jam", "terlambat %(count)d jam", count)
    else:
        count = left // DAY
        ahead = ngettext("%(count)d hari lagi", "%(count)d hari lagi", count)
        behind = ngettext("terlambat %(count)d hari", "terlambat %(count)d hari", count)
    return (ahead if seconds > 0 else behind) % {"count": count}


@register.filter
def nearness(value: dt.datetime, now: dt.datetime) -> str:
    """Return "overdue" after the moment, "soon" within one day before it, else "running"."""
    if value <= now:
        return "overdue"
    return "soon" if value - now <= dt.timedelta(days=1) else "running"


@register.simple_tag
def field(bound: BoundField, *, skip: bool = False) -> SafeString:
    """Show one field of a form with its label, help and error; `skip` says it may be left out.

    Radio buttons and checkbox lists take core/_choices.html, everything else core/_field.html.
    """
    widget = bound.field.widget
    many = isinstance(widget, RadioSelect)  # a checkbox list is one too, in Django
    context: dict[str, Any] = {
        "field": bound,
        "skip": skip,
        "single": isinstance(widget, CheckboxInput),
    }
    return render_to_string("core/_choices.html" if many else "core/_field.html", context)


def _day(value: dt.date) -> str:
    """The words come from Django's own catalogues, so a further language needs nothing here."""
    return dateformat.format(value, "l, j F Y")


def _indonesian() -> bool:
    """Indonesian writes 14.30 where English writes 14:30 (EYD V)."""
    return (translation.get_language() or settings.LANGUAGE_CODE).split("-")[0] == "id"
