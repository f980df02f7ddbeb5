"""How a public page offers to be read aloud."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from simpul.core import content
from simpul.wording import shipped, texts

register = template.Library()


@register.simple_tag
def reading(code: str) -> SafeString:
    """The recordings of a page in the words that it says now; nothing, not a byte, without any."""
    found = texts.readings_of(code)
    if not found:
        return SafeString("")
    languages = shipped.languages()
    rows = [
        {
            "ref": one.ref,
            "language": content.say(languages[one.language]["name"]),
            "kilobytes": -(-one.size // 1024),
        }
        for one in found
    ]
    return render_to_string("wording/public/_reading.html", {"rows": rows})
