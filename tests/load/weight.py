"""How heavy the public door is for a phone: its first page, and a whole report in text."""

from tests.load.supervised import Supervised
from tests.load.table import Figure, note
from tests.load.wire import Answer, Phone
from tests.reports.pages import Page

FIRST, REPORT = 14_000, 40_000  # bytes
STORY = (
    "Kejadiannya sore hari, waktu kantor mulai sepi. Ia menahan saya di ruang arsip dan menutup"
    " pintu. Saya sudah bilang tidak. Sesudah itu ia mengirim pesan terus sampai malam. Ia"
    " mengancam akan memindahkan saya kalau saya bercerita. Saya takut bertemu lagi dengan dia.\n"
    "Seorang teman melihat saya menangis, tetapi ia juga takut. Saya masih menyimpan pesannya."
    " Saya ingin bicara dengan seseorang, dan saya ingin ini berhenti.\n"
)  # about 450 letters; a story may have 20,000


def measure(instance: Supervised) -> list[Figure]:
    """Walks through a whole report at the running door, with the invented network's offices."""
    walk = _walk(instance.public)
    first, total = walk["home"], sum(answer.bytes for answer in walk.values())
    lighter = total - sum(answer.received - answer.lighter for answer in walk.values())
    packed = all(answer.packed for answer in walk.values())
    plain = sum(len(answer.body) for answer in walk.values())
    state = (
        f"packed by the door ({_kb(plain)} of pages)" if packed
        else f"sent plain; gzip would make it {_kb(lighter)}, and the first page {_kb(first.lighter)}"
    )  # fmt: skip
    figures = [
        Figure(
            "first view of the public door", f"{_kb(first.received)} in 1 request",
            f"≤ {_kb(FIRST)}", first.received <= FIRST and _stands_alone(first),
            f"bytes of the answer with its headers on a socket, Accept-Encoding: gzip; {state}",
        ),
        Figure(
            "a whole text report", f"{_kb(total)} both ways", f"≤ {_kb(REPORT)}", total <= REPORT,
            "home, three pages, Kirim, receipt on one warm connection, a story of"
            f" {len(STORY)} letters, the offices of the invented network; {state}",
        ),
    ]  # fmt: skip
    for name, answer in walk.items():
        figures.append(
            note(
                f"  {name}", f"{_kb(answer.received)}, up {_kb(answer.sent)}",
                f"{_kb(len(answer.body))} of HTML, {_kb(answer.lighter)} packed with headers",
            )
        )  # fmt: skip
    return figures


def _walk(port: int) -> dict[str, Answer]:
    phone = Phone(port)
    walk = {"home": phone.get("/"), "page 1": phone.get("/reports/")}
    typed = {"danger": ["no"], "health72": ["unknown"], "child": ["no"], "transit": ["no"]}
    form = Page(walk["page 1"].text).form("/reports/")
    walk["page 2"] = phone.post("/reports/", form | typed | {"go": ["next"]})
    typed = {
        "needs": ["health", "talk"], "region": ["53.71"], "for_whom": ["self"],
        "channel": ["none"], "kind": ["superior"],
    }  # fmt: skip
    form = Page(walk["page 2"].text).form("/reports/")
    walk["page 3"] = phone.post("/reports/", form | typed | {"go": ["next"]})
    form = Page(walk["page 3"].text).form("/reports/send/")
    typed = {"story": [STORY], "fallback": ["yes"]}
    walk["receipt"] = phone.post("/reports/send/", form | typed | {"go": ["send"]})
    phone.close()
    assert [answer.status for answer in walk.values()] == [200] * 5
    assert 'class="words"' in walk["receipt"].text and not phone.cookie
    return walk


def _stands_alone(answer: Answer) -> bool:
    """Whether the page asks for nothing else: no script, style sheet, picture or font."""
    html = answer.text
    return not any(tag in html for tag in ("<script", "<img", 'rel="stylesheet"', "@import"))


def _kb(size: int) -> str:
    return f"{size / 1000:.1f} kB"
