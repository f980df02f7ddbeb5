"""The conventions of this codebase, checked. Each test names the rule it keeps."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import DateField, DateTimeField, Field, Model

from simpul.vault.fields import SealedField

REPO = Path(__file__).parents[2]
ROOT = REPO / "src/simpul"
FILES = sorted(p for p in ROOT.rglob("*.py") if "migrations" not in p.parts)
PYTHON = sorted(p for p in (REPO / "src").rglob("*.py") if "migrations" not in p.parts)
TEMPLATES = sorted(ROOT.rglob("templates/**/*.html"))
ROOMS = sorted({p.parent.name for p in ROOT.glob("*/urls*")} - {"site"})
MODELS = [m for m in apps.get_models() if m.__module__.startswith("simpul.")]

DRAWERS = {
    "utils", "util", "helpers", "common", "services", "managers", "mixins", "constants", "signals",
    "misc", "shared", "lib", "tools",
}  # fmt: skip
MAY_WRITE = {"actions", "models"}
WRITERS = {  # besides actions, and why
    "vault": "its rows are written where they are sealed",
    "accounts/sessions.py": "Django's session engine",
    "network/regions.py": "a reference table, brought to its file's state before the doors open",
}
ALWAYS_WRITE = {
    "save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create",
}  # fmt: skip
TAKES_THE_TIME = {"models", "access", "queries", "actions", "notices", "forms"}
OTHER_ACTIONS = {  # acts that take another form, and why
    "accounts/actions.py:sign_in": "nobody is known yet; it derives between two transactions",
    "accounts/actions.py:confirm": "it derives between two transactions",
    "reports/actions/control.py:come_back": "on which day she opened her receipt stands nowhere",
}


def name(path: Path) -> str:
    """The path as people say it: `cases/actions.py`."""
    return str(path.relative_to(ROOT if path.is_relative_to(ROOT) else REPO / "src"))


def kind(path: Path) -> str:
    """`actions` for both `cases/actions.py` and `cases/actions/shares.py`."""
    return (*path.relative_to(ROOT).with_suffix("").parts, "", "")[1]


def parse(path: Path) -> ast.Module:
    """The file as a tree."""
    return ast.parse(path.read_text())


def calls(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call in the tree with the dotted name it calls."""
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            yield ast.unparse(call.func), call


def imports(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Every (module, name) that the tree imports; the name is empty for `import module`."""
    for item in ast.walk(node):
        if isinstance(item, ast.Import):
            yield from ((alias.name, "") for alias in item.names)
        elif isinstance(item, ast.ImportFrom):
            yield from ((item.module or "", alias.name) for alias in item.names)


def functions(path: Path) -> list[ast.FunctionDef]:
    """The public functions of a module."""
    body = parse(path).body
    return [n for n in body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]


def last_line(body: list[ast.stmt]) -> ast.stmt:
    """The last thing a function does before it returns; what it does only if, too."""
    *_, before, last = [ast.Pass(), *body]
    line = before if isinstance(last, ast.Return) else last
    return last_line(line.body) if isinstance(line, ast.If | ast.For | ast.With) else line


ACTIONS = [
    pytest.param(path, node, id=f"{name(path)}:{node.name}")
    for path in FILES
    if kind(path) == "actions"
    for node in functions(path)
    if f"{name(path)}:{node.name}" not in OTHER_ACTIONS
]


# --- Acts, questions, pages ----------------------------------------------------------------------


@pytest.mark.parametrize(("path", "action"), ACTIONS)
def test_an_action_checks_changes_and_records(path: Path, action: ast.FunctionDef) -> None:
    made = {func.rpartition(".")[2]: call for func, call in calls(action)}
    assert [ast.unparse(d) for d in action.decorator_list] == ["transaction.atomic"]
    assert not action.args.args, "keyword arguments only"
    assert action.args.kwonlyargs, "say first who acts"
    assert action.args.kwonlyargs[0].arg == "actor", "say first who acts"
    assert "require" in made, "ask core.access.require before changing anything"
    line = last_line(action.body)
    assert ast.unparse(line).startswith("audit.record("), "the last line records the act"
    room = path.relative_to(ROOT).parts[0]
    assert re.match(rf"""audit\.record\(f?['"]{room}\.""", ast.unparse(line)), "name the event"


def test_exceptions_still_exist() -> None:
    assert OTHER_ACTIONS.keys() <= {
        f"{name(p)}:{f.name}" for p in FILES if kind(p) == "actions" for f in functions(p)
    }


def writes(path: Path) -> list[str]:
    """The calls of a file that write rows.

    Not proof: `rows.update()` on a variable is also a dict method. Reviewers, look for it.
    """
    found = []
    for func, _ in calls(parse(path)):
        owner, _, method = func.rpartition(".")
        always = owner and method in ALWAYS_WRITE and owner != "super()"
        if always or (method in {"update", "delete"} and ".objects" in owner):
            found.append(func)
    return found


@pytest.mark.parametrize("path", FILES, ids=name)
def test_only_actions_write(path: Path) -> None:
    if kind(path) in MAY_WRITE or {name(path), name(path).split("/")[0]} & WRITERS.keys():
        return
    assert writes(path) == []


@pytest.mark.parametrize("path", [p for p in FILES if kind(p) == "views"], ids=name)
def test_views_look_nothing_up_themselves(path: Path) -> None:
    assert ".objects" not in path.read_text(), "go through access.py or queries.py"


@pytest.mark.parametrize("path", [p for p in FILES if kind(p) in TAKES_THE_TIME], ids=name)
def test_the_time_is_passed_in(path: Path) -> None:
    clocks = {"timezone.now", "timezone.localdate", "date.today", "datetime.now", "time.time"}
    assert not clocks & {func for func, _ in calls(parse(path))}, "take `now` or `today`"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_pages_and_forms_stay_in_their_room(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for module, what in imports(parse(path)):
        full = f"{module}.{what}"
        if match := re.match(r"simpul\.(\w+)\.(views|forms)\b", full):
            assert match[1] == room, full


@pytest.mark.parametrize("path", FILES, ids=name)
def test_call_sites_import_modules(path: Path) -> None:
    """`actions.share(…)` at the call says where `share` comes from."""
    for module, what in imports(parse(path)):
        if what and re.match(r"simpul\.\w+\.(actions|queries|notices|access)\b", module):
            part = REPO / "src" / Path(*module.split("."))
            inside = part.is_dir() and ((part / f"{what}.py").exists() or (part / what).is_dir())
            core = module == "simpul.core.access"
            is_class = what[0].isupper()  # an exception or a dataclass says itself what it is
            assert inside or core or is_class, f"from {module} import {what}"


@pytest.mark.parametrize("path", FILES, ids=name)
def test_nothing_happens_by_signal(path: Path) -> None:
    modules = {module for module, _ in imports(parse(path))}
    assert not {m for m in modules if m.startswith("django.dispatch") or m.endswith("signals")}


# --- Names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_no_drawer_without_a_label(path: Path) -> None:
    assert not DRAWERS & {part.removesuffix(".py") for part in path.relative_to(REPO).parts}


@pytest.mark.parametrize("path", FILES, ids=name)
def test_no_suffix_repeats_the_module(path: Path) -> None:
    suffix = {"forms": "Form", "views": "View", "models": "Model"}.get(kind(path))
    classes = [n.name for n in ast.walk(parse(path)) if isinstance(n, ast.ClassDef)]
    assert not [c for c in classes if suffix and c != suffix and c.endswith(suffix)]


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_every_module_and_public_function_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(parse(path)) or not path.read_text().strip()
    assert [f.name for f in functions(path) if not ast.get_docstring(f)] == []


@pytest.mark.parametrize("room", ROOMS)
def test_one_noun_everywhere(room: str) -> None:
    site = "".join(p.read_text() for p in (ROOT / "site").glob("urls*.py"))
    doors = [p for p in ROOT.glob(f"{room}/urls*/*.py") if p.stem != "__init__"]
    for door in [*ROOT.glob(f"{room}/urls*.py"), *doors]:
        module = ".".join(door.relative_to(REPO / "src").with_suffix("").parts)
        assert f'app_name = "{room}"' in door.read_text(), module
        assert f'path("{room}/", include("{module}"))' in site, module
    assert (ROOT / room / "templates" / room).is_dir()
    assert (REPO / "tests" / room).is_dir()
    assert (REPO / "docs/domains" / f"{room}.md").is_file()


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_lie_under_their_noun_and_name_pages_by_it(path: Path) -> None:
    room, _, noun, *_ = path.relative_to(ROOT).parts
    assert noun == room or path.parent.name == "templates", "templates/<noun>/"
    links = re.findall(r"""\{%\s*url\s+["']([^"']+)""", path.read_text())
    known = {p.name for p in ROOT.iterdir()}
    assert [link for link in links if link.partition(":")[0] not in known] == []


# --- Content -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_every_field_has_a_privacy_class(model: type[Model]) -> None:
    privacy = getattr(model, "Privacy", None)
    assert privacy, f"{model.__name__} says nothing about privacy"
    classes = {k: v for k, v in vars(privacy).items() if isinstance(v, set)}
    fields = model._meta.concrete_fields
    assert classes.keys() <= {"public", "internal", "personal", "sealed"}
    assert sorted(n for v in classes.values() for n in v) == sorted(f.name for f in fields)
    assert {f.name for f in fields if isinstance(f, SealedField)} == classes.get("sealed", set())


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_moments_end_in_at_and_days_in_on(model: type[Model]) -> None:
    def fits(field: Field) -> bool:
        if isinstance(field, DateTimeField):
            return bool(re.search(r"(^|_)(at|from|until)$", field.name))
        is_day = isinstance(field, DateField)
        return not is_day or bool(re.search(r"_(on|from|until)$", field.name))

    assert [f.name for f in model._meta.concrete_fields if not fits(f)] == []


def test_seals_are_bound_to_a_field_that_exists() -> None:
    known = {f.name for m in MODELS for f in m._meta.concrete_fields if isinstance(f, SealedField)}
    used = {
        call.args[1].value
        for path in FILES
        for func, call in calls(parse(path))
        if re.search(r"\.(un)?seal(_file)?$", func) and not func.startswith("crypto.")
        if len(call.args) >= 2 and isinstance(call.args[1], ast.Constant)
    }
    assert used <= known


@pytest.mark.parametrize("path", FILES, ids=name)
def test_labels_of_choices_can_be_translated(path: Path) -> None:
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.ClassDef) and any("Choices" in ast.unparse(b) for b in node.bases):
            for item in node.body:
                if isinstance(item, ast.Assign) and isinstance(item.value, ast.Tuple):
                    label = item.value.elts[-1]
                    assert not isinstance(label, ast.Constant), f"gettext_lazy: {label.value!r}"


UNSAFE = r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son\w+\s*=|javascript:|srcdoc="
LOADS = r"<(?:script|link|img|iframe|source|form)\b[^>]*\b(?:src|href|action)="
ELSEWHERE = LOADS + r"""["']?(?:https?:)?//"""


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_templates_fit_a_strict_csp(path: Path) -> None:
    """Only the public base page may hold a style, allowed by its hash."""
    html = path.read_text()
    if path.name == "public_base.html":
        before, _, rest = html.partition("<style>")
        style, _, after = rest.partition("</style>")
        assert not re.search(r"\{[{%]", style), "the hash needs a fixed style"
        html = before + after
    assert not re.search(UNSAFE, html), re.search(UNSAFE, html)
    assert not re.search(ELSEWHERE, html), re.search(ELSEWHERE, html)


@pytest.mark.parametrize(
    "html",
    [
        "<script>x</script>", '<p style="x">', '<a onclick="x">', "<style>p {}</style>",
        '<a href="javascript:x">', '<img src="https://example.org/x.png">',
    ],
)  # fmt: skip
def test_the_csp_rule_catches(html: str) -> None:
    assert re.search(f"{UNSAFE}|{ELSEWHERE}", html)


GOOD = """
@transaction.atomic
def share(*, actor, case):
    '''Shares.'''
    require(access.can_share(actor, case))
    audit.record("cases.shared", actor=actor)
    return case
"""


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("@transaction.atomic\n", ""),
        ("*, actor, case", "actor, case"),
        ("*, actor, case", "*, case, actor"),
        ("    require(access.can_share(actor, case))\n", ""),
        ('    audit.record("cases.shared", actor=actor)\n', ""),
        ("    return case", "    case.save()"),
        ("cases.shared", "reports.shared"),
    ],
)
def test_an_action_that_breaks_a_rule_is_found(good: str, bad: str) -> None:
    path = ROOT / "cases/actions.py"
    test_an_action_checks_changes_and_records(path, ast.parse(GOOD).body[0])
    with pytest.raises(AssertionError):
        test_an_action_checks_changes_and_records(path, ast.parse(GOOD.replace(good, bad)).body[0])
