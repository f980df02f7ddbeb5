"""Two colleagues press the same button in the same moment."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from threading import Barrier
from urllib.parse import urlencode

from playwright.sync_api import Page

from tests.journeys.test_processes import last_page, send
from tests.running import Running


def test_one_takes_the_report_and_the_other_is_told(
    house: Running, sign_in: Callable[..., Page]
) -> None:
    """One case, one owner; the slower one gets a sentence and keeps what she typed."""
    status, _text = send(house, last_page(house))
    assert status == 200
    newest = "SELECT code FROM reports_report WHERE state = 'new' ORDER BY filed_at DESC LIMIT 1"
    code = str(house.sql(newest)[0][0])
    path = f"/cases/from/{code}/"
    forms = [_form(sign_in(who), path) for who in ("intake", "colleague")]
    together = Barrier(2)

    def press(number: int) -> tuple[int, str]:
        cookie, fields = forms[number]
        fields["tie"] = "no"
        fields["next_action"] = f"Langkah dari orang {number}"
        connection = HTTPConnection("127.0.0.1", house.ports["workspace"], timeout=30)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        together.wait()
        connection.request("POST", path, urlencode(fields), headers)
        with closing(connection):
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(press, range(2)))
    assert [status for status, _page in answers] == [302, 422]
    assert "Rekan lain sudah menangani laporan ini." in answers[1][1]
    assert "Langkah dari orang" in answers[1][1]
    cases = house.sql(
        f"SELECT count(*) FROM cases_case c JOIN reports_report r ON r.ref = c.report_id"
        f" WHERE r.code = '{code}'"
    )
    assert cases[0][0] == 1


def _form(page: Page, path: str) -> tuple[str, dict[str, str]]:
    """The session cookie and the filled form of a page."""
    page.goto(path)
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
    fields: dict[str, str] = page.evaluate(
        "() => Object.fromEntries(new FormData(document.querySelector('main form')))"
    )
    return cookie, fields
