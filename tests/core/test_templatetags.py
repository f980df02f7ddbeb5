"""How templates say moments, days and the time left, and how they show a form field."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.test import override_settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from simpul.core.templatetags.simpul import day, field, moment, nearness, until

DAYS = {
    "id": [
        "Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu",
    ],
    "en": [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ],
}  # fmt: skip
MONTHS = {
    "id": [
        "Januari", "Februari", "Maret", "April", "Mei", "Juni", "Juli", "Agustus", "September",
        "Oktober", "November", "Desember",
    ],
    "en": [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ],
}  # fmt: skip
ZONES = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
NOON = dt.datetime(2026, 11, 22, 6, 30, tzinfo=dt.UTC)
SECONDS = {"menit": 60, "jam": 3600, "hari": 86400}

moments = st.integers(946_771_200, 4_102_444_800).map(
    lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)
)


@pytest.mark.parametrize("language", ["id", "en"])
def test_every_day_of_a_leap_year_is_said_in_full(language: str) -> None:
    first = dt.date(2028, 1, 1)
    with translation.override(language):
        for number in range(366):
            on = first + dt.timedelta(days=number)
            names = DAYS[language][on.weekday()], MONTHS[language][on.month - 1]
            assert day(on) == f"{names[0]}, {on.day} {names[1]} 2028"


def test_a_moment_is_said_with_its_clock_and_zone() -> None:
    with translation.override("id"):
        assert moment(NOON) == "Minggu, 22 November 2026, 14.30 WITA"
        assert moment(NOON, "Asia/Jakarta") == "Minggu, 22 November 2026, 13.30 WIB"
        assert moment(NOON, "Asia/Jayapura") == "Minggu, 22 November 2026, 15.30 WIT"
    with translation.override("en"):
        assert moment(NOON) == "Sunday, 22 November 2026, 14:30 WITA"


@given(moments, st.sampled_from(sorted(ZONES)))
def test_a_moment_reads_back_as_the_same_minute(value: dt.datetime, zone: str) -> None:
    with translation.override("en"):
        said = moment(value, zone)
    assert said.endswith(f" {ZONES[zone]}")
    read = dt.datetime.strptime(said.rpartition(" ")[0], "%A, %d %B %Y, %H:%M").replace(
        tzinfo=ZoneInfo(zone)
    )
    assert read == value.replace(second=0)


def test_a_zone_outside_indonesia_keeps_its_own_name() -> None:
    assert moment(NOON, "Asia/Kuala_Lumpur").endswith(" +08")


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment(NOON.replace(tzinfo=None))


def test_nothing_is_said_as_nothing() -> None:
    assert (moment(None), day(None), until(None, NOON)) == ("", "", "")


@override_settings(TIME_ZONE="Asia/Makassar")
def test_the_day_of_a_moment_is_the_local_day() -> None:
    with translation.override("id"):
        assert day(dt.datetime(2026, 11, 22, 17, 0, tzinfo=dt.UTC)) == "Senin, 23 November 2026"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (dt.timedelta(seconds=59), "sekarang"),
        (-dt.timedelta(seconds=59), "sekarang"),
        (dt.timedelta(seconds=60), "1 menit lagi"),
        (dt.timedelta(minutes=59, seconds=59), "59 menit lagi"),
        (dt.timedelta(hours=2, minutes=59), "2 jam lagi"),
        (dt.timedelta(hours=72), "72 jam lagi"),
        (dt.timedelta(hours=73), "3 hari lagi"),
        (dt.timedelta(days=30), "30 hari lagi"),
        (-dt.timedelta(minutes=5), "terlambat 5 menit"),
        (-dt.timedelta(hours=3), "terlambat 3 jam"),
        (-dt.timedelta(days=9), "terlambat 9 hari"),
    ],
)
def test_the_time_left_is_said_in_one_unit(left: dt.timedelta, said: str) -> None:
    with translation.override("id"):
        assert until(NOON + left, NOON) == said


@given(st.integers(60, 400 * 86400))
def test_nobody_is_promised_more_time_than_there_is(seconds: int) -> None:
    with translation.override("id"):
        said = until(NOON + dt.timedelta(seconds=seconds), NOON)
    count, unit, word = said.split()
    assert word == "lagi"
    assert 0 <= seconds - int(count) * SECONDS[unit] < SECONDS[unit]


def test_a_moment_is_overdue_soon_or_running() -> None:
    day_long = dt.timedelta(days=1)
    assert nearness(NOON, NOON) == "overdue"
    assert nearness(NOON + day_long, NOON) == "soon"
    assert nearness(NOON + day_long + dt.timedelta(seconds=1), NOON) == "running"


class Question(forms.Form):
    name = forms.CharField(label="Nama <samaran>", help_text="Boleh rekaan.")
    safe = forms.ChoiceField(
        label="Aman?", choices=[("y", "Ya"), ("n", "Tidak")], widget=forms.RadioSelect
    )
    agreed = forms.BooleanField(label="Setuju")
    step = forms.CharField(widget=forms.HiddenInput)


def ids(html: str) -> set[str]:
    return set(re.findall(r' id="([^"]+)"', html))


def test_help_and_error_are_tied_to_the_control() -> None:
    html = field(Question({})["name"])
    (described,) = re.findall(r'aria-describedby="([^"]+)"', html)
    assert set(described.split()) == {"id_name_helptext", "id_name_error"} <= ids(html)
    assert '<label for="id_name">' in html
    assert "&lt;samaran&gt;" in html


def test_choices_are_one_group_with_a_legend_and_whole_lines_to_press() -> None:
    html = field(Question({})["safe"], skip=True)
    assert re.search(r'<fieldset class="field choices" aria-describedby="id_safe_error">', html)
    assert re.search(r"<legend>Aman\? <span class=\"skip\">", html)
    assert re.findall(r'<label class="choice" for="(\w+)"><input', html) == [
        "id_safe_0",
        "id_safe_1",
    ]


def test_a_single_checkbox_stands_before_its_label() -> None:
    html = field(Question()["agreed"])
    assert re.search(r'<label for="id_agreed"><input type="checkbox"[^>]*><span>Setuju', html)


def test_a_hidden_field_shows_nothing() -> None:
    html = field(Question()["step"])
    assert 'type="hidden"' in html
    assert "label" not in html
