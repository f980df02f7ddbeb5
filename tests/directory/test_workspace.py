"""A desk keeps its own services true; nobody else's."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from simpul.directory.models import Service
from simpul.vault.models import AuditLine
from tests.conftest import Cast, Door

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def offering(cast: Cast, **more: Any) -> dict[str, Any]:
    """A filled form."""
    return {
        "ref": str(uuid4()), "desk": str(cast.desk("clinic").ref), "kind": "health",
        "hours": "Senin sampai Jumat", "cost": "tanpa bayar", "way": "dari terminal",
        "contact": "0000-0000-1101", **more,
    }  # fmt: skip


def test_a_desk_lists_changes_checks_and_removes_its_help(cast: Cast, sign_in: SignIn) -> None:
    door, form = sign_in("clinic"), offering(cast)
    assert "Belum ada layanan." in text(door.get("/directory/"))
    for _time in range(2):
        assert door.post("/directory/new/", form).status_code == 302
    service = Service.objects.get()
    assert "Layanan kesehatan" in text(door.get("/directory/"))
    again = door.post("/directory/new/", offering(cast))
    assert again.status_code == 422
    assert "Layanan ini sudah ada di daftar meja Anda." in text(again)
    at = f"/directory/{service.ref}/"
    assert "dari terminal" in door.get(at).content.decode()
    assert door.post(at, {**form, "cost": "Rp0"}).status_code == 302
    assert Service.objects.get().cost == "Rp0"
    assert door.post(f"{at}verify/").status_code == 302
    assert "Hapus layanan" in text(door.get(f"{at}remove/"))
    assert Service.objects.exists(), "a link removes nothing"
    assert door.post(f"{at}remove/").status_code == 302
    assert not Service.objects.exists()
    said = list(
        AuditLine.objects.filter(row=service.ref).order_by("id").values_list("event", flat=True)
    )
    assert said == [
        "directory.service_added", "directory.service_changed", "directory.service_verified",
        "directory.service_removed",
    ]  # fmt: skip


def test_an_entry_unchecked_for_ninety_days_says_so(cast: Cast, sign_in: SignIn) -> None:
    old = timezone.now() - timedelta(days=91)
    Service.objects.create(desk=cast.desk("clinic"), kind="health", verified_at=old)
    door = sign_in("clinic")
    assert "Perlu diperiksa lagi" in text(door.get("/directory/"))
    door.post(f"/directory/{Service.objects.get().ref}/verify/")
    assert "Perlu diperiksa lagi" not in text(door.get("/directory/"))


@pytest.mark.parametrize("who", ["intake", "stranger", "root-one"])
@pytest.mark.parametrize("act", ["", "verify/", "remove/"])
def test_nobody_else_changes_it(cast: Cast, sign_in: SignIn, who: str, act: str) -> None:
    service = Service.objects.create(desk=cast.desk("clinic"), kind="health")
    door = sign_in(who)
    assert door.get(f"/directory/{service.ref}/{act}").status_code == 404
    assert door.post(f"/directory/{service.ref}/{act}", offering(cast)).status_code == 404
    assert door.post("/directory/new/", offering(cast)).status_code == 422, "not one of her desks"
    assert Service.objects.get().hours == ""


def test_other_desks_are_found_by_help_and_region(cast: Cast, sign_in: SignIn) -> None:
    for desk, kind in (("clinic", "health"), ("shelter", "shelter")):
        Service.objects.create(desk=cast.desk(desk), kind=kind, contact="0000-0000-1199")
    door = sign_in("intake")
    everyone = text(door.get("/directory/partners/"))
    assert "Layanan Medis Uji" in everyone
    assert "Lewat rujukan. Alamatnya dirahasiakan." in everyone
    medical = text(door.get("/directory/partners/?kind=health&region=53.71"))
    assert "Layanan Medis Uji" in medical
    assert "Rumah Aman Uji" not in medical
    assert door.get("/directory/partners/?kind=nonsense&region=x").status_code == 200
