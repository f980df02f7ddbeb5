"""The catalogues are complete and true; what is planted wrong is found."""

from pathlib import Path

import pytest

from launch import catalogues

PAGE = "src/simpul/reports/templates/reports/page.html"
VIEW = "src/simpul/reports/views.py"
ENGLISH = "locale/en/LC_MESSAGES/django.po"


def plant(repo: Path, files: dict[str, str]) -> Path:
    """A repository that holds only these files."""
    for place, body in files.items():
        path = repo / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    return repo


def test_the_english_of_this_project_is_complete() -> None:
    assert catalogues.check() == []


@pytest.mark.parametrize(
    ("place", "source", "key"),
    [
        (PAGE, '{% trans "Kirim" %}', (None, "Kirim")),
        (PAGE, "  {% if x %}\n<p>it's\n {% translate 'Kirim' as y %}", (None, "Kirim")),
        (PAGE, '{% include "x" with label=_("Kirim") %}', (None, "Kirim")),
        (PAGE, '{{ _("Kirim") }}', (None, "Kirim")),
        (PAGE, '{{ x|default:_("Kirim") }}', (None, "Kirim")),
        (PAGE, '{% trans "Buka" context "pintu" %}', ("pintu", "Buka")),
        (
            PAGE,
            "{% blocktrans trimmed %}\n  Halo\n  {{ nama }}\n{% endblocktrans %}",
            (None, "Halo %(nama)s"),
        ),
        (
            PAGE,
            "{% blocktrans count n=n %}{{ n }} kabar{% plural %}{{ n }} kabar{% endblocktrans %}",
            (None, ("%(n)s kabar", "%(n)s kabar")),
        ),
        (VIEW, '_("Kirim")', (None, "Kirim")),
        (VIEW, 'x = gettext_lazy(\n    "Kirim "\n    "sekarang"\n)', (None, "Kirim sekarang")),
        (VIEW, 'ngettext("satu", "banyak", n)', (None, ("satu", "banyak"))),
        (VIEW, 'pgettext_lazy("pintu", "Buka")', ("pintu", "Buka")),
    ],
)
def test_a_text_is_collected(tmp_path: Path, place: str, source: str, key: catalogues.Key) -> None:
    assert catalogues.wanted(plant(tmp_path, {place: source})) == {key}


def test_collecting_keeps_translations_drops_the_rest_and_has_no_date(tmp_path: Path) -> None:
    old = 'msgid "Kirim"\nmsgstr "Send"\n\nmsgid "Lama"\nmsgstr "Old"\n'
    plant(tmp_path, {VIEW: '_("Simpan"), _("Kirim")', ENGLISH: old})
    catalogues.collect(tmp_path)
    written = (tmp_path / ENGLISH).read_text()
    catalogues.collect(tmp_path)
    assert (tmp_path / ENGLISH).read_text() == written
    _, _, body = written.partition("\n\n")
    assert body == 'msgid "Kirim"\nmsgstr "Send"\n\nmsgid "Simpan"\nmsgstr ""\n'
    assert "Date" not in written
    assert "Plural-Forms: nplurals=2; plural=(n != 1);" in written


@pytest.mark.parametrize(
    ("source", "catalogue", "fault"),
    [
        ('_("Kirim")', "", "missing: Kirim"),
        ("", 'msgid "Kirim"\nmsgstr "Send"\n', "stale: Kirim"),
        ('_("Kirim")', 'msgid "Kirim"\nmsgstr ""\n', "not translated: Kirim"),
        ('_("Kirim")', '#, fuzzy\nmsgid "Kirim"\nmsgstr "Send"\n', "fuzzy: Kirim"),
        ('_("Ada %(n)s")', 'msgid "Ada %(n)s"\nmsgstr "There is"\n', "other placeholders"),
        ('_("Ada {n}")', 'msgid "Ada {n}"\nmsgstr "There is {m}"\n', "other placeholders"),
        (
            'ngettext("%(n)s hari", "%(n)s hari", n)',
            'msgid "%(n)s hari"\nmsgid_plural "%(n)s hari"\nmsgstr[0] "one day"\nmsgstr[1] ""\n',
            "not translated",
        ),
    ],
)
def test_a_gap_is_found(tmp_path: Path, source: str, catalogue: str, fault: str) -> None:
    [line] = catalogues.check(plant(tmp_path, {VIEW: source, ENGLISH: catalogue}))
    assert fault in line


def test_a_singular_may_leave_out_its_number(tmp_path: Path) -> None:
    good = 'msgid "%(n)s h"\nmsgid_plural "%(n)s h"\nmsgstr[0] "a day"\nmsgstr[1] "%(n)s days"\n'
    source = 'ngettext("%(n)s h", "%(n)s h", n)'
    assert catalogues.check(plant(tmp_path, {VIEW: source, ENGLISH: good})) == []


@pytest.mark.parametrize(
    "text",
    [
        'id = "Kirim"',
        'id = "Kirim"\nen = ""',
        'en = "Send"',
        'id = "Ada {n}"\nen = "There is"',
        'id = ["Satu", "Dua"]\nen = ["One"]',
        '[[step]]\ntitle = { id = "Kirim" }',
    ],
)
def test_content_in_one_language_is_found(tmp_path: Path, text: str) -> None:
    files = {"src/simpul/reports/content/a.toml": text, ENGLISH: ""}
    assert len(catalogues.check(plant(tmp_path, files))) == 1


def test_a_compiled_catalogue_is_made_once_and_after_a_change(tmp_path: Path) -> None:
    plant(tmp_path, {ENGLISH: 'msgid "Kirim"\nmsgstr "Send"\n'})
    compiled = (tmp_path / ENGLISH).with_suffix(".mo")
    catalogues.compile_(tmp_path)
    assert b"Send" in compiled.read_bytes()
    compiled.write_bytes(b"newer")
    catalogues.compile_(tmp_path)
    assert compiled.read_bytes() == b"newer"
