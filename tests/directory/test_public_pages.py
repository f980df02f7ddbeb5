"""The public directory: who helps where, and never the way to a shelter."""

from datetime import timedelta

import pytest
from django.utils import timezone

from simpul.directory import queries
from simpul.directory.models import Service
from tests.conftest import Cast, Door

SECRET = "Gang Mawar nomor tujuh"


def offer(cast: Cast, desk: str, kind: str = "health", days: int = 1) -> None:
    """A service of a desk, checked so many days ago."""
    Service.objects.create(
        desk=cast.desk(desk), kind=kind, hours="Senin, 08.00", cost="Tanpa bayar", access=SECRET,
        contact="0000-0000-1101", verified_at=timezone.now() - timedelta(days=days),
    )  # fmt: skip


def test_a_place_shows_help_hours_cost_way_and_day(cast: Cast, public: Door) -> None:
    offer(cast, "clinic")
    html = public.get("/directory/").content.decode()
    for words in ("Layanan Medis Uji", "Layanan kesehatan", "Senin, 08.00", "Tanpa bayar", SECRET,
                  "0000-0000-1101", "Diperiksa", "Kota Kupang"):  # fmt: skip
        assert words in html
    assert "Perlu diperiksa lagi." not in html


def test_what_was_not_checked_for_ninety_days_says_so(cast: Cast, public: Door) -> None:
    offer(cast, "clinic", days=91)
    assert "Perlu diperiksa lagi." in public.get("/directory/").content.decode()


@pytest.mark.parametrize(
    ("desk", "kind"), [("shelter", "shelter"), ("shelter", "psychosocial"), ("clinic", "shelter")]
)
def test_the_way_to_a_shelter_is_never_shown(
    cast: Cast, public: Door, desk: str, kind: str
) -> None:
    offer(cast, desk, kind)
    html = public.get("/directory/").content.decode()
    assert cast.desk(desk).name in html
    assert SECRET not in html
    assert "0000-0000-1101" not in html
    assert "Alamat tidak ditampilkan." in html


def test_an_agency_of_shelters_hides_every_desk(cast: Cast, public: Door) -> None:
    desk = cast.desk("shelter")
    desk.duty = "psychosocial"
    desk.save()
    offer(cast, "shelter", "psychosocial")
    assert SECRET not in public.get("/directory/").content.decode()


def test_region_and_kind_narrow_the_list_and_nonsense_does_not(cast: Cast, public: Door) -> None:
    offer(cast, "clinic")
    offer(cast, "fallback", "legal_aid")

    def listed(query: str) -> tuple[bool, bool]:
        html = public.get(f"/directory/?{query}").content.decode()
        return "<h2>Layanan Medis Uji" in html, "<h2>Pengaduan Provinsi Uji" in html

    assert listed("region=53.71") == (True, True)  # the whole province helps there too
    assert listed("region=53") == (False, True)
    assert listed("kind=legal_aid") == (False, True)
    assert listed("region=x&kind=y&page=z") == (True, True)


def test_every_hotline_helps_somebody_first_or_stands_in_the_list() -> None:
    codes = [line.code for line in queries.hotlines()]
    assert len(codes) == len(set(codes))
    assert next(line.code for line in queries.hotlines("danger")) == "police"
    assert "police" not in {line.code for line in queries.hotlines("health72")}
    assert queries.hotlines("nothing") == []
