"""Reads a page as a browser without scripts does: its forms, with what they would send."""

from html.parser import HTMLParser
from typing import Any

Values = dict[str, list[str]]


class Page(HTMLParser):
    """The forms of a page by their address, and every option that they offer."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.forms: dict[str, Values] = {}
        self.offers: dict[str, list[str]] = {}
        self._form: Values = {}
        self._select = ""
        self._textarea: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes in what a tag would send."""
        a: dict[str, Any] = {name: value if value is not None else "" for name, value in attrs}
        name = a.get("name", "")
        if tag == "form":
            self._form = self.forms.setdefault(a.get("action", ""), {})
        elif tag == "input" and name:
            kind = a.get("type", "text")
            if kind in {"radio", "checkbox"}:
                self.offers.setdefault(name, []).append(a.get("value", "on"))
            if kind not in {"radio", "checkbox", "file"} or "checked" in a:
                self._form.setdefault(name, []).append(a.get("value", ""))
        elif tag == "select":
            self._select = name
            self._form.setdefault(name, [])
        elif tag == "option":
            self.offers.setdefault(self._select, []).append(a["value"])
            if "selected" in a:
                self._form[self._select].append(a["value"])
        elif tag == "textarea":
            self._textarea = name
            self._form.setdefault(name, [""])

    def handle_endtag(self, tag: str) -> None:
        """Leaves a field."""
        if tag == "textarea":
            self._textarea = None

    def handle_data(self, data: str) -> None:
        """Takes in what stands in a text area."""
        if self._textarea is not None:
            kept = self._form[self._textarea]
            kept[0] = (kept[0] + data).removeprefix("\n")

    def form(self, end: str) -> Values:
        """What the form sends whose address ends so, as it stands."""
        [found] = [values for action, values in self.forms.items() if action.endswith(end)]
        return {name: list(values) for name, values in found.items()}
