"""Only an hour is read out of a message, and only where there is one."""

from datetime import UTC, datetime

import pytest

from simpul.handoffs import hours


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("mulai jam 9", "09.00"), ("Jam 9", "09.00"), ("9", "09.00"), ("09.30", "09.30"),
        ("jam 7 malam", "19.00"), ("jam 2 siang", "14.00"), ("jam 11 siang", "11.00"),
        ("12 malam", "00.00"), ("jam 12 siang", "12.00"), ("pukul 10", "10.00"),
        ("telepon jam 16.15 wita", "16.15"), ("from 9", "09.00"), ("after 3 pm", "15.00"),
        ("at 8:30", "08.30"), ("tolong telepon saya jam 10 ya", "10.00"), ("jam9pagi", "09.00"),
        ("jam 10, jam 10 saja", "10.00"), ("jam 23.59", "23.59"), ("Mulai  jam\n9.", "09.00"),
    ],
)  # fmt: skip
def test_an_hour_is_read(text: str, hour: str) -> None:
    assert hours.read(text) == hour


@pytest.mark.parametrize(
    "text",
    [
        "", "halo", "dia pukul 3 kali", "saya dipukul 2 orang", "umur saya 15", "jam 25",
        "jam 9.75", "jam 9 atau jam 10", "jam 123", "nomor 0812", "jam 10.30.15", "3 hari lalu",
        "2026-11-23", "jamu 9",
    ],
)  # fmt: skip
def test_what_is_no_hour_is_not_taken_for_one(text: str) -> None:
    assert hours.read(text) == ""


@pytest.mark.parametrize(("text", "more"), [("mulai jam 9", False), ("9", False),
                                           ("pukul 10.", False), ("jam 9 dia pergi", True)])  # fmt: skip
def test_more_than_the_hour_is_noticed(text: str, more: bool) -> None:
    assert hours.is_more(text) is more


def test_the_next_time_of_an_hour_is_told_where_the_desk_is() -> None:
    morning = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # 08.30 in Kupang
    assert hours.next_at("09.00", morning, "Asia/Makassar").day == 23
    assert hours.next_at("08.00", morning, "Asia/Makassar").day == 24
    assert hours.next_at("08.30", morning, "Asia/Makassar") == morning
