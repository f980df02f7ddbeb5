"""Every variable is on the configuration page, and the page names no other."""

from pathlib import Path

from launch import checks

PAGE = "| `SIMPUL_HOSTS` | Names. | `localhost` | `example.org` |\n"


def planted(repo: Path, code: str, page: str) -> list[str]:
    """What is found in a repository of one module and this page."""
    for place, text in {"src/settings.py": code, checks.CONFIGURATION: page}.items():
        (repo / place).parent.mkdir(parents=True)
        (repo / place).write_text(text)
    return checks.configuration(repo)


def test_the_page_describes_every_variable_and_no_other() -> None:
    assert checks.configuration() == []


def test_a_complete_page_is_accepted(tmp_path: Path) -> None:
    assert planted(tmp_path, 'text("SIMPUL_HOSTS")', PAGE) == []


def test_an_undescribed_variable_is_found(tmp_path: Path) -> None:
    [line] = planted(tmp_path, 'text("SIMPUL_HOSTS"), text("SIMPUL_NEW")', PAGE)
    assert "SIMPUL_NEW is not described" in line


def test_a_variable_that_nothing_reads_is_found(tmp_path: Path) -> None:
    [line] = planted(tmp_path, "", PAGE)
    assert "SIMPUL_HOSTS is read nowhere" in line


def test_a_variable_without_an_example_is_found(tmp_path: Path) -> None:
    [line] = planted(tmp_path, 'text("SIMPUL_HOSTS")', PAGE.replace("`example.org`", ""))
    assert "SIMPUL_HOSTS needs" in line
