"""The texts and choices of the report, from `content/report.toml` and the editions in force."""

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from simpul.core import content
from simpul.wording import texts as wording

FILE = "reports/report"
SHIPPED = Path(__file__).parent / "content"
PAPER = SHIPPED / "paper.toml"
REFUSALS = SHIPPED / "refusals.toml"
CONTROL = "reports/control"
QUESTIONS = ("danger", "selfharm", "health72", "child", "transit")


def texts() -> content.Texts:
    """All texts of the public report, said in the request's language."""
    return content.Texts(raw())


def raw() -> dict[str, Any]:
    """The content file as it is said now."""
    return wording.raw(FILE)


def choices(group: str, *, retired: bool = False) -> list[tuple[str, str]]:
    """The codes and words of a group of answers: `need`, `contact`, `reported_kind`.

    Retired codes are offered to nobody and still read, where an earlier report holds them.
    """
    return [
        (code, content.say(text))
        for code, text in raw()[group].items()
        if isinstance(text, dict) and (retired or not text.get("retired"))
    ]


def is_for_other(notes: Mapping[str, Any]) -> bool:
    """Whether somebody reported for somebody else, or for more than herself."""
    return notes.get("for_whom", "") not in {"", "self"}


def needs_met(needs: Iterable[str], kinds: Iterable[str]) -> list[str]:
    """The kinds of help of a desk that answer one of the needs, by code."""
    wanted = {kind for need in needs for kind in raw()["need"].get(need, {}).get("services", [])}
    return [kind for kind in kinds if kind in wanted]


def version() -> str:
    """The version of the wording that a reporter agrees to; it names the editions in force too."""
    return wording.version(FILE)


def checked() -> date:
    """The day on which the wording was last looked at."""
    day: date = raw()["checked"]
    return day


def paper() -> content.Texts:
    """What stands on the paper form beside the questions."""
    return content.Texts(content.load(PAPER)["paper"])


def summary(answers: dict[str, Any], region: str) -> str:
    """The working label of a report until a desk gives it one of its own: needs and region."""
    words = dict(choices("need"))
    needs = [words[code] for code in answers.get("needs", []) if code in words]
    return " · ".join([*needs, region] if region else needs)


def control() -> content.Texts:
    """The texts of what a reporter decides later."""
    return wording.texts(CONTROL)


def refusals() -> list[tuple[str, str]]:
    """The listed reasons for refusing to erase: their codes and names."""
    reasons = content.load(REFUSALS)["reason"]
    return [(code, content.say(row["name"])) for code, row in reasons.items()]


def refusal(code: str) -> tuple[str, str]:
    """What the reporter is told of a refusal: the sentence, and the article with its mark."""
    loaded = content.load(REFUSALS)
    row = loaded["reason"].get(code)
    if row is None:
        return content.say(loaded["restored"]["sentence"]), ""
    article = content.say(row["article"])
    if not row["verified"]:
        article = content.say(loaded["restored"]["unverified"]).format(article=article)
    return content.say(row["sentence"]), article
