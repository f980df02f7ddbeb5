"""The page of all rules, written from the rules and their examples.

`PYTHONPATH=src python -m tests.questionnaires.rules_page` writes it anew.
"""

from pathlib import Path
from textwrap import fill

from simpul.questionnaires.rules import RULES
from simpul.questionnaires.xpath.functions import OTHERS, PLAIN
from tests.questionnaires.examples import EXAMPLES

PAGE = "docs/generated/questionnaire-rules.md"
HEAD = """# Rules of the portable profile

A questionnaire is refused at import when it breaks one of these, so that it means the same here, in ODK
Collect and in ODK Web Forms. This page is written from `src/simpul/questionnaires/rules.py` and the tests'
examples; a test compares it. The sentences stand as authors read them.

| rule | what is wrong | what to write instead | refused |
|---|---|---|---|
"""


def text() -> str:
    """The page as it should be."""
    written = {one.rule: one.written for one in EXAMPLES}
    rows = (
        f"| `{rule.id}` | {_cell(rule.sentence)} | {_cell(rule.remedy)} |"
        f" `{_cell(written[rule.id], 48)}` |\n"
        for rule in RULES.values()
    )
    functions = sorted({*PLAIN, *OTHERS})
    listed = ", ".join(f"`{name}()`" for name in functions)
    return f"{HEAD}{''.join(rows)}\n## Functions\n\n{fill(listed, 110, break_on_hyphens=False)}\n"


def _cell(said: object, most: int = 400) -> str:
    line = str(said).replace("|", "\\|")
    return line if len(line) <= most else line[: most - 1] + "…"


if __name__ == "__main__":
    from django.conf import settings

    settings.configure(USE_I18N=False)
    Path(PAGE).write_text(text())
