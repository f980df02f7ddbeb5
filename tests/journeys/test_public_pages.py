"""Every page of the public door, looked at: no axe violation, no sideways scroll, big enough to tap."""

import re

import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import Opener, check
from tests.running import Running

SMALLEST = 24  # WCAG 2.2, 2.5.8; main targets are 48


SERVICES = """
INSERT INTO directory_service (ref, desk_id, kind, hours, cost, access, contact, verified_at)
SELECT gen_random_uuid(), d.id, k.kind, 'Setiap hari, 24 jam', 'Tanpa bayar', 'Lewat pintu depan.',
       '', now() - k.age
FROM (VALUES ('clinic', 'medical_72h', interval '1 day'), ('clinic', 'health', '1 day'),
             ('intake', 'reception', '100 days'), ('intake', 'rights_information', '100 days'),
             ('shelter', 'shelter', '1 day')) k (desk, kind, age)
JOIN network_desk d ON d.name = CASE k.desk WHEN 'clinic' THEN 'Layanan Medis Uji'
                                 WHEN 'intake' THEN 'Pengaduan Uji' ELSE 'Rumah Aman Uji' END
ON CONFLICT DO NOTHING RETURNING ref
"""


@pytest.fixture(scope="module", autouse=True)
def _services(house: Running) -> None:
    """The directory has something to show."""
    house.sql(SERVICES)


def look(page: Page, name: str) -> None:
    """Checks a page, and that nothing to press is small."""
    check(page, name)
    small = page.evaluate(
        """least => [...document.querySelectorAll('main a, button, select, .choice, nav.exit a')]
        .filter(e => e.offsetParent && e.getBoundingClientRect().height < least)
        .filter(e => !e.closest('p') || e.matches('.button, button'))
        .map(e => e.outerHTML.slice(0, 80))""",
        SMALLEST,
    )
    assert small == [], name
    assert page.title() in {"Catatan", "Notes"}


@pytest.mark.parametrize("width", [240, 360, 1280])
def test_every_page_of_a_report_can_be_read_and_pressed(opened: Opener, width: int) -> None:
    page = opened("public", width=width, javascript=True)
    look(page, "home")
    for address in ("history", "rights", "directory"):
        page.goto(f"/{address}/")
        look(page, address)
    page.goto("/reports/")
    for question, answer in {
        "danger": "yes",
        "health72": "yes",
        "child": "yes",
        "transit": "unknown",
    }.items():
        page.locator(f"input[name={question}][value={answer}]").check()
    look(page, "report-1")
    page.get_by_role("button", name="Lanjut").click()
    look(page, "report-2-danger")
    page.locator("input[name=needs][value=health]").check()
    page.locator("select[name=region]").select_option("53.71")
    page.locator("input[name=cover]").fill("x" * 10)
    page.get_by_role("button", name="Lanjut").click()
    page.locator("select[name=excluded]").select_option(label="RSUD Uji")
    page.get_by_role("button", name="Tambah kantor").click()
    page.locator("textarea[name=story]").fill("Saya takut pulang.")
    look(page, "report-3")
    page.locator("input[name=token]").evaluate("e => e.value = ''")
    page.get_by_role("button", name="Kirim").click()
    look(page, "report-3-again")
    page.get_by_role("button", name="Kirim").click()
    look(page, "receipt")
    words = re.findall(r"\d\. (\w+)", page.locator(".words").inner_text())
    page.get_by_role("button", name="Buka kabar sekarang").click()
    look(page, "mine-new")
    page.locator("textarea[name=message]").fill("Kapan saya dihubungi?")
    page.get_by_role("button", name="Kirim").click()
    look(page, "mine-message")
    for address in ("data", "words", "stop"):
        page.goto(f"/reports/mine/{address}/")
        look(page, f"mine-{address}")
    page.get_by_role("button", name="Hentikan laporan").click()
    look(page, "mine-stopped")
    for room in ("cases", "referrals"):
        page.goto(f"/{room}/mine/")
        look(page, f"{room}-mine")
    page.get_by_role("button", name="Selesai dan keluar").click()
    page.goto("/reports/mine/")
    look(page, "closed")
    page.locator("textarea[name=words]").fill(" ".join([*words[:5], "zzzz"]))
    page.get_by_role("button", name="Buka").last.click()
    look(page, "open-unknown-word")


def test_english_is_complete_on_the_way_to_kirim(opened: Opener) -> None:
    page = opened("public", width=360)
    page.goto("/en/reports/")
    assert page.locator("html").get_attribute("lang") == "en"
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send").click()
    assert page.locator("h1").inner_text() == "Your report has arrived"
