"""What an edited text may say. Each refusal is a sentence for whoever writes it."""

import re
import unicodedata
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from django.utils.translation import gettext

from simpul.core import content
from simpul.wording import shipped

BLOCKED = Path(__file__).parent / "content" / "blocked.toml"
LONGEST = 12  # words of a sentence that a survivor reads
MOST = 600  # characters of a text
ROOM = 80  # a short text may grow by so many
NUMBER = 3  # digits in a row that look like something to call
# Said digit by digit a number is one too; two such words in a row still pass ("satu atau dua").
DIGITS = (
    "nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan"
    "|zero|one|two|three|four|five|six|seven|eight|nine"
)
SPELT = re.compile(rf"\b(?:(?:{DIGITS})\b\W*){{4,}}", re.I)
ELSEWHERE = re.compile(r"https?:|www\.|@|\b[\w-]+\.(?:com|net|org|id|me|ly|info|co)\b", re.I)


def blanks(text: str) -> list[str]:
    """The placeholders of a text; the same text in another language has the same."""
    return sorted(re.findall(r"\{[^{}]*\}", text))


def faults(file: str, key: str, indonesian: str, english: str) -> Iterator[str]:
    """Everything that speaks against these words in this place, as sentences."""
    base = shipped.texts(file)[key]
    for text, was in zip((indonesian, english), base, strict=True):
        yield from _shape(text, was)
        yield from _leads_elsewhere(text, was)
        yield from _hurts(shipped.place(file), key, text)
    for sentence in long_sentences(indonesian):
        if sentence not in base[0]:
            yield gettext("Lebih dari dua belas kata: %(text)s") % {"text": sentence}


def long_sentences(text: str) -> list[str]:
    """The sentences of a text with more words than a survivor should have to hold."""
    parts = re.split(r"(?<=[.!?…])[\s\"”]+|\n\s*\n", text)
    sentences = [" ".join(part.split()) for part in parts]
    return [s for s in sentences if len(re.findall(r"\S*\w\S*", s)) > LONGEST]


def breaks(rule: dict[str, Any], place: str, text: str) -> bool:
    """Whether the text says what the rule blocks, outside the rule's exceptions."""
    left = text
    for excuse in rule.get("except", []):
        if fnmatch(place, excuse.get("place", "*")):
            left = re.sub(excuse.get("text", r"(?s).+"), " ", left, flags=re.I)
    return re.search(rule["pattern"], " ".join(left.split()), re.I) is not None


def _shape(text: str, was: str) -> Iterator[str]:
    if not text.strip():
        yield gettext("Teks ini masih kosong.")
    if len(text) > min(MOST, max(2 * len(was), len(was) + ROOM)):
        yield gettext("Teks ini terlalu panjang untuk tempatnya.")
    if blanks(text) != blanks(was) or re.search(r"[{}]", re.sub(r"\{[^{}]*\}", "", text)):
        yield gettext("Tanda kurung kurawal harus sama: %(blanks)s") % {
            "blanks": " ".join(blanks(was)) or "0"
        }
    if any(unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs"} for char in text):
        yield gettext("Ada tanda yang tidak terlihat. Ketik ulang teksnya.")


def _leads_elsewhere(text: str, was: str) -> Iterator[str]:
    """Numbers and addresses come from the directory alone, where somebody answers for them."""
    if (set(_numbers(text)) - set(_numbers(was))) or (
        SPELT.search(text) and not SPELT.search(was)
    ):
        yield gettext("Nomor tidak boleh ditulis di sini. Nomor hanya dari direktori.")
    if ELSEWHERE.search(unicodedata.normalize("NFKC", text)):
        yield gettext("Alamat internet tidak boleh ditulis di sini.")


def _numbers(text: str) -> list[str]:
    """Digits in a row, however they are written or kept apart."""
    plain = "".join(
        str(unicodedata.digit(char, char)) for char in unicodedata.normalize("NFKC", text)
    )
    joined = re.sub(r"(?<=\d)[^\w]+(?=\d)", "", plain)
    return [run for run in re.findall(r"\d+", joined) if len(run) >= NUMBER]


def _hurts(place: str, key: str, text: str) -> Iterator[str]:
    for rule in content.load(BLOCKED)["rule"]:
        if breaks(rule, f"{place}#{key}", text):
            yield gettext("Kata ini tidak kami pakai. Lebih baik: %(instead)s") % {
                "instead": rule["instead"]
            }
