"""Several hundred forms, the same ones every time: each construct of the profile, and mixtures of them."""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from tests.questionnaires.oracle import expressions
from tests.questionnaires.oracle.sheets import Form, Question, Row, Sheet
from tests.questionnaires.oracle.states import Operation

ANSWERS: dict[str, tuple[str, ...]] = {
    "integer": ("0", "1", "2", "3", "4", "5", "7", "10", "13", "17", "18", "42", "120", "-4"),
    "decimal": (
        "0",
        "0.5",
        "1.5",
        "2.25",
        "3.14159",
        "10",
        "42.5",
        "-2.75",
        "0.1",
        "100.005",
        "1000000",
    ),
    "text": (
        "a",
        "Mera",
        "Tilo Yasi",
        "abc",
        "a b",
        "000034567890",
        "12",
        "1.50",
        "Ñona Ténun",
        "日本",
        "🌊 laut",
        "a@b.id",
        "true",
        "ya'e",
        "<b>&",
        "' or '1'='1",
        "]]>",
        "-7",
        'kata "dia"',
        "Bora Lendi",
        "b",
        "7",
        "noka@contoh.id",
    ),
    "date": (
        "2024-02-29",
        "2023-12-31",
        "2024-01-01",
        "1999-07-15",
        "2025-03-30",
        "1970-01-01",
        "1969-12-31",
    ),
    "time": ("08:30:00.000+08:00", "23:59:59.000+08:00", "00:00:00.000+08:00"),
    "dateTime": (
        "2024-02-29T14:30:00.000+08:00",
        "1999-12-31T23:59:59.000+08:00",
        "2024-01-01T00:00:00.000+08:00",
    ),
    "acknowledge": ("OK",),
    "range": ("1", "5", "10"),
}
COLOURS = ("merah", "biru", "hijau")
SIGNS = ("demam", "batuk", "nyeri", "tidak_ada")
PLACES: tuple[Row, ...] = (
    *({"name": name, "label": name.capitalize()} for name in ("utara", "selatan", "timur")),
)
LOGIC = ("calculation", "relevant", "constraint", "required", "readonly", "choice_filter")
PER_FORM = 6  # conditions in one form


def forms() -> Iterator[Form]:
    """Every generated form, in a fixed order."""
    for family, found in (*expressions.VALUES.items(), *expressions.OUTSIDE.items()):
        for number, expression in enumerate(found, 1):
            sheet = standard(expression)
            sheet.calculate("hasil", expression)
            yield _form(family, number, sheet, walks=6)
    for family, write in FAMILIES.items():
        for number, sheet in enumerate(write(), 1):
            yield _form(family, number, sheet, walks=4)


def _form(family: str, number: int, sheet: Sheet, walks: int) -> Form:
    name = f"{family}-{number:03}"
    chance = random.Random(name)
    scripts: dict[str, Sequence[Operation]] = {"empty": ()}
    for walk in range(1, walks + 1):
        scripts[f"walk-{walk}"] = tuple(_Walk(sheet, chance).operations(walk * 2))
    return Form(name, family, sheet.markdown(), scripts, exact=False)


# --- Scripts -------------------------------------------------------------------------------------


class _Walk:
    """Answers that reach both sides of what a sheet asks: its own words and numbers are among them."""

    def __init__(self, sheet: Sheet, chance: random.Random) -> None:
        self.sheet = sheet
        self.chance = chance
        self.last: dict[str, str] = {}  # by type: two questions may hold the same
        self.near = _near(" ".join(row.get(c, "") for row in sheet.survey for c in LOGIC))

    def operations(self, changes: int) -> Iterator[Operation]:
        """First everything is answered once, then some things change, rows come and go."""
        for series in self.sheet.repeats:
            for _ in range(self.chance.randint(0, 2)):
                yield ("add", self._placed(series))
        for question in self.sheet.questions:
            for path in _every(question.path):
                if self.chance.random() < 0.9:
                    yield ("set", path, self._answer(question))
        for _ in range(changes if self.sheet.questions else 0):
            yield self._change()

    def _change(self) -> Operation:
        draw = self.chance.random() if self.sheet.repeats else 1
        if draw < 0.3:
            series = self._placed(self.chance.choice(self.sheet.repeats))
            return (
                ("add", series)
                if draw < 0.15
                else ("remove", f"{series}[{self.chance.randint(1, 3)}]")
            )
        question = self.chance.choice(self.sheet.questions)
        answer = "" if self.chance.random() < 0.2 else self._answer(question)
        return ("set", self._placed(question.path), answer)

    def _placed(self, path: str) -> str:
        return path.format(*(self.chance.randint(1, 2) for _ in range(path.count("{}"))))

    def _answer(self, question: Question) -> str:
        if question.type == "rank":
            return " ".join(self.chance.sample(question.options, len(question.options)))
        if question.type == "select_multiple":
            ticked = self.chance.sample(
                question.options, self.chance.randint(0, len(question.options))
            )
            return " ".join(
                ticked if self.sheet.as_ticked else sorted(ticked, key=question.options.index)
            )
        draw = self.chance.random()
        if draw < 0.15 and question.type in self.last and not question.options:
            return self.last[question.type]
        near = self.near.get(question.type, ()) if draw < 0.55 else ()
        answer = self.chance.choice(question.options or near or ANSWERS[question.type])
        self.last[question.type] = answer
        return answer


def _near(logic: str) -> dict[str, list[str]]:
    """By type, the values that this logic speaks of and their neighbours."""
    quoted = re.findall(r"'([^']*)'", logic)
    numbers = [
        int(n)
        for n in re.findall(r"(?<![\w.'-])\d{1,6}(?![\w.'-])", re.sub(r"'[^']*'", "", logic))
    ]
    days = [date.fromisoformat(text) for text in quoted if re.fullmatch(r"\d{4}-\d\d-\d\d", text)]
    return {
        "integer": [str(n + step) for n in numbers for step in (-1, 0, 1)],
        "decimal": [str(n + step) for n in numbers for step in (-0.5, 0, 0.25)],
        "text": [text for text in quoted if text and not re.search(r"[\^$%]", text)],
        "date": [str(day + timedelta(step)) for day in days for step in (-1, 0, 1)],
        "dateTime": [f"{day}T14:30:00.000+08:00" for day in days],
    }


def _every(path: str) -> list[str]:
    """The path in the first three rows of every repeat around it."""
    paths = [path]
    for _ in range(path.count("{}")):
        paths = [p.replace("{}", str(row), 1) for p in paths for row in (1, 2, 3)]
    return paths


# --- Sheets --------------------------------------------------------------------------------------


def standard(expression: str = "") -> Sheet:
    """One question of each type under the names that expressions use; only those that this one uses."""
    sheet = Sheet()
    sheet.choices("warna", *COLOURS)
    sheet.choices("gejala", *SIGNS)
    for kind, names in (
        ("integer", "ij"),
        ("decimal", "de"),
        ("text", "st"),
        ("date", "hk"),
        ("dateTime", "w"),
        ("time", "m"),
        ("select_one warna", "p"),
        ("select_multiple gejala", "q"),
    ):
        for name in names:
            if not expression or re.search(rf"(\$\{{|/){name}\b", expression):
                sheet.ask(kind, name)
    if not sheet.questions:
        sheet.ask("integer", "i")
    return sheet


def _conditions(column: str) -> Iterator[Sheet]:
    for part in _parts(expressions.CONDITIONS, PER_FORM):
        sheet = standard()
        for number, condition in enumerate(part, 1):
            sheet.ask("text", f"x{number}", **{column: condition})
        yield sheet


def _relevance() -> Iterator[Sheet]:
    yield from _conditions("relevant")
    chance = random.Random("relevance")
    for _ in range(10):  # groups in groups, and what depends on hidden answers
        sheet = standard()
        one, two, three, four = chance.sample(expressions.CONDITIONS, 4)
        with sheet.group("g1", relevant=one):
            sheet.ask("integer", "x1")
            with sheet.group("g2", relevant=two):
                sheet.ask("text", "x2", relevant=three)
                sheet.calculate("c1", "concat(coalesce(${x1}, '-'), coalesce(${s}, '-'))")
            sheet.ask("note", "n1", relevant="${x1} > 5")
        sheet.ask("text", "x3", relevant="${x1} != ''")
        sheet.ask("text", "x4", relevant="${x2} != '' and ${x3} != ''")
        sheet.calculate("c2", "coalesce(${x1}, 0) + coalesce(${i}, 0)", relevant=four)
        sheet.calculate("c3", "if(${c2} != '', 'ada', 'tidak ada')")
        yield sheet


def _constraints() -> Iterator[Sheet]:
    for kind, found in expressions.CONSTRAINTS.items():
        for part in _parts(found, 4):
            sheet = standard()
            for number, constraint in enumerate(part, 1):
                sheet.ask(
                    kind, f"x{number}", constraint=constraint, constraint_message="Periksa lagi."
                )
            yield sheet
    for part in _parts(expressions.CONDITIONS, 8):  # constraints that look elsewhere
        sheet = standard()
        for number, constraint in enumerate(part, 1):
            sheet.ask(
                "text", f"x{number}", constraint=constraint, constraint_message="Periksa lagi."
            )
        yield sheet


def _types() -> Iterator[Sheet]:
    sheet = standard()
    sheet.ask("acknowledge", "a")
    sheet.ask("note", "n")
    sheet.ask("rank warna", "r")
    sheet.ask("range", "g", parameters="start=0 end=10 step=1")
    sheet.ask("text", "panjang", appearance="multiline")
    sheet.ask("hidden", "tersembunyi")
    sheet.calculate("c", "concat(${a}, ${r}, ${g})")
    sheet.calculate("c_a", "if(${a} = 'OK', 1, 0)")
    yield sheet
    sheet = standard()
    sheet.ask("integer", "x1", readonly="yes")
    sheet.ask("text", "x2", readonly="${i} > 5")
    sheet.ask("text", "x3", readonly="${p} = 'merah'")
    with sheet.group("g", readonly="${i} > 5"):
        sheet.ask("text", "x4")
    yield sheet
    sheet = standard()  # what a script cannot answer
    for number, kind in enumerate(
        ("image", "audio", "video", "file", "barcode", "geopoint", "geotrace")
    ):
        sheet.ask(
            kind,
            f"x{number}",
            relevant="${i} > 5" if number % 2 else "",
            required="${p} = 'merah'",
        )
        sheet.questions.pop()
        sheet.calculate(f"c{number}", f"if(${{x{number}}} = '', 'belum', 'ada')")
    yield sheet
    sheet = standard()  # questions that are calculated, and what a person may change all the same
    sheet.ask("text", "x1", calculation="concat(${s}, '!')", readonly="yes")
    sheet.ask(
        "integer", "x2", calculation="coalesce(${i}, 0) + 1", readonly="yes", relevant="${j} > 2"
    )
    sheet.ask("decimal", "x3", calculation="coalesce(${d}, 0) * 2", readonly="yes")
    sheet.ask("date", "x4", calculation="${h}", readonly="yes")
    sheet.ask("select_one warna", "x5", calculation="${p}", readonly="yes")
    sheet.calculate("c1", "concat(${x1}, ${x2}, ${x5})")
    yield sheet
    sheet = standard()
    sheet.ask("select_one warna or_other", "x1")
    sheet.ask("select_multiple gejala or_other", "x2")
    sheet.calculate("c1", "concat(${x1}, '/', count-selected(${x2}))")
    yield sheet
    for number in range(4):
        sheet = standard()
        for name, kind in zip("xyz", ("integer", "decimal", "date"), strict=True):
            sheet.ask(kind, f"{name}{number}", relevant=expressions.CONDITIONS[number * 3])
            sheet.calculate(f"c_{name}", f"string(${{{name}{number}}})")
            sheet.calculate(f"l_{name}", f"string-length(${{{name}{number}}})")
        yield sheet


def _defaults() -> Iterator[Sheet]:
    sheet = Sheet()
    sheet.choices("warna", *COLOURS)
    sheet.choices("gejala", *SIGNS)
    for number, (kind, value) in enumerate(
        (
            ("integer", "7"),
            ("decimal", "2.5"),
            ("text", "Mera"),
            ("text", "a - b"),
            ("date", "2024-02-29"),
            ("select_one warna", "biru"),
            ("select_multiple gejala", "demam nyeri"),
            ("integer", "0"),
        ),
        1,
    ):
        sheet.ask(kind, f"x{number}", default=value)
        sheet.calculate(f"c{number}", f"concat('[', ${{x{number}}}, ']')")
    yield sheet
    for expression in (
        "concat('a', 'b')",
        "1 + 2",
        "date('2024-02-28') + 1",
        "if(1 < 2, 'ya', 'tidak')",
        "${x0}",
    ):
        sheet = Sheet()
        sheet.ask("integer", "x0", default="5")
        sheet.ask("text", "x1", default=expression)
        sheet.ask("integer", "x2", default="7 - 3", relevant="${x0} > 3")
        sheet.calculate("c1", "concat(${x1}, '/', ${x2})")
        with sheet.repeat("r"):
            sheet.ask("integer", "y1", default="9")
            sheet.ask("text", "y2", default="concat('x', ${x0})")
            sheet.calculate("cy", "${y1} + 1")
        yield sheet
    sheet = Sheet()  # a default that is hidden at first, and one that breaks its constraint
    sheet.ask("integer", "x1", default="3")
    sheet.ask("integer", "x2", default="50", relevant="${x1} > 5")
    sheet.ask(
        "integer", "x3", default="500", constraint=". < 100", constraint_message="Terlalu besar."
    )
    sheet.calculate("c1", "coalesce(${x2}, 0) + coalesce(${x3}, 0)")
    yield sheet


def _repeats() -> Iterator[Sheet]:
    inside = (
        ("position(..)",),
        ("position(..) * 10", "concat('Anak ', position(..))"),
        ("if(position(..) = 1, 'pertama', 'berikut')",),
        ("count(${r})",),
        ("concat(position(..), ' dari ', count(${r}))",),
        ("sum(${z})",),
        ("coalesce(${u}, 0) + coalesce(${i}, 0)",),
        ("string-length(${n})",),
        ("once(${i})",),
        ("if(${u} >= 18, 'dewasa', 'anak')",),
        ("jr:choice-name(${pr}, '${pr}')",),
        ("if(${i} > 3, ${n}, '')",),
    )
    outside = (
        ("count(${r})", "sum(${z})"),
        ("max(${z})", "min(${z})"),
        ("indexed-repeat(${u}, ${r}, 1)",),
        ("indexed-repeat(${n}, ${r}, 2)",),
        ("indexed-repeat(${n}, ${r}, ${i})",),
        ("join(', ', ${n})",),
        ("count-non-empty(${n})",),
        ("sum(${z}) div count(${r})",),
        ("if(count(${r}) > 1, 'banyak', 'satu')",),
        ("round(sum(${z}) div count(${r}), 1)",),
        ("count(${r}[coalesce(${u}, 0) > 5])",),
        ("max(${z}) - min(${z})",),
    )
    for number, (rows, after) in enumerate(zip(inside, outside, strict=True)):
        sheet = Sheet()
        sheet.choices("warna", *COLOURS)
        sheet.ask("integer", "i")
        with sheet.repeat("r", relevant="${i} != 7" if number % 3 == 2 else ""):
            sheet.ask("text", "n")
            sheet.ask("integer", "u", relevant="${n} != ''" if number % 2 else "")
            sheet.ask("select_one warna", "pr")
            sheet.calculate("z", "coalesce(${u}, 0)")
            for index, expression in enumerate(rows):
                sheet.calculate(f"b{index}", expression)
            sheet.ask("text", "lanjut", relevant="${u} > 5", required="${pr} = 'biru'")
        for index, expression in enumerate(after):
            sheet.calculate(f"a{index}", expression)
        yield sheet


def _rules_in_rows() -> Iterator[Sheet]:
    """Relevance, constraints and requirement inside rows: they look at their own row and outside."""
    for own in (
        "${u} > 5",
        "position(..) > 1",
        "position(..) mod 2 = 0",
        "${n} != '' and ${i} > 3",
        "selected(${gr}, 'demam')",
        "${u} > ${i}",
        "count-selected(${gr}) > 1",
        "${pr} = ${pi}",
        "string-length(${n}) > 3",
        "not(${pr} = 'biru')",
    ):
        sheet = Sheet()
        sheet.choices("warna", *COLOURS)
        sheet.choices("gejala", *SIGNS)
        sheet.ask("integer", "i")
        sheet.ask("select_one warna", "pi")
        with sheet.repeat("r"):
            sheet.ask("text", "n")
            sheet.ask("integer", "u")
            sheet.ask("select_one warna", "pr")
            sheet.ask("select_multiple gejala", "gr")
            sheet.ask("text", "x1", relevant=own)
            sheet.ask("text", "x2", required=own)
            sheet.ask(
                "integer", "x3", constraint=f". > 3 or {own}", constraint_message="Periksa lagi."
            )
            sheet.ask("text", "x4", readonly=own)
            with sheet.group("dalam", relevant=own):
                sheet.ask("integer", "x5", relevant="${u} != ''")
                sheet.calculate("c5", "coalesce(${x5}, 0) + position(../..)")
            sheet.calculate("c6", f"if({own}, 1, 0)")
        sheet.calculate("semua", "sum(${c6})")
        yield sheet


def _nested() -> Iterator[Sheet]:
    for number in range(8):
        sheet = Sheet()
        sheet.ask("integer", "i")
        with sheet.repeat("rumah"):
            sheet.ask("text", "alamat")
            with sheet.repeat("orang", relevant="${alamat} != 'kosong'" if number % 2 else ""):
                sheet.ask("text", "nama")
                sheet.ask("integer", "umur")
                sheet.calculate("nilai", "coalesce(${umur}, 0)")
                sheet.calculate("tempat", "concat(${alamat}, '/', position(..))")
                sheet.calculate("rumah_ke", "position(../..)")
                if number > 3:
                    sheet.ask("text", "sekolah", relevant="${umur} < 18 and ${i} > 2")
            if number != 6:
                sheet.calculate("jumlah", "count(${orang})")
                sheet.calculate("total", "sum(${nilai})")
            if number > 5:
                sheet.calculate("tertua", "max(${nilai})")
        sheet.calculate("rumah_semua", "count(${rumah})")
        if number in (2, 3):
            sheet.calculate("orang_semua", "count(${orang})")
            sheet.calculate("umur_semua", "sum(${nilai})")
        if number in (4, 5):
            sheet.calculate("pertama", "indexed-repeat(${nama}, ${rumah}, 1, ${orang}, 1)")
        yield sheet


def _counted() -> Iterator[Sheet]:
    for count in (
        "2",
        "${i}",
        "${c}",
        "3",
        "count-selected(${q})",
        "if(${i} > 2, 2, 1)",
        "coalesce(${i}, 1)",
        "0",
    ):
        sheet = Sheet()
        sheet.choices("gejala", *SIGNS)
        sheet.ask("integer", "i", constraint=". < 8", constraint_message="Terlalu banyak.")
        sheet.ask("select_multiple gejala", "q")
        sheet.calculate("c", "coalesce(${i}, 0) mod 4")
        with sheet.repeat("r", count=count):
            sheet.ask("text", "n")
            sheet.ask("integer", "u", relevant="${n} != ''")
            sheet.calculate("ke", "position(..)")
            if "selected" in count:
                sheet.calculate(
                    "nama", "jr:choice-name(selected-at(${q}, position(..) - 1), '${q}')"
                )
        sheet.calculate("baris", "count(${r})")
        yield sheet


def _indexed() -> Iterator[Sheet]:
    """What looks at another row: outside the profile wherever a row may be missing."""
    for expression in (
        "indexed-repeat(${u}, ${r}, position(..) - 1)",
        "indexed-repeat(${u}, ${r}, position(..))",
        "sum(${u})",
        "max(${u})",
        "min(${u})",
        "${r}[1]/u",
        "${u}[position() = 1]",
        "count(${r}[u > 3])",
        "sum(${r}[u > 3]/u)",
        "${r}[last()]/u",
        "jr:choice-name(${pr}, '${pr}')",
        "join(', ', ${r}/n)",
        "if(position(..) > 1, indexed-repeat(${u}, ${r}, position(..) - 1), '')",
        "if(position(..) > 1, coalesce(indexed-repeat(${u}, ${r}, position(..) - 1), 0), 0)",
        "if(count(${r}) > 0, indexed-repeat(${n}, ${r}, 1), '')",
        "if(count(${r}) > 0, count(${r}), 0)",
        "sum(coalesce(${u}, 0))",
        "indexed-repeat(${u}, ${r}, 9)",
        "indexed-repeat(${n}, ${r}, count(${r}))",
    ):
        for where in ("inside", "outside"):
            sheet = Sheet()
            sheet.choices("warna", *COLOURS)
            with sheet.repeat("r"):
                sheet.ask("text", "n")
                sheet.ask("integer", "u")
                sheet.ask("select_one warna", "pr")
                if where == "inside":
                    sheet.calculate("c", expression)
            if (
                where == "outside"
                and "position(..)" not in expression
                and "${pr}" not in expression
            ):
                sheet.calculate("c", expression)
            yield sheet


def _places(sheet: Sheet) -> None:
    sheet.choices("wilayah", *PLACES)
    sheet.choices(
        "kota",
        *(
            {
                "name": f"{place['name']}_{n}",
                "label": f"Kota {place['label']} {n}",
                "di": place["name"],
                "besar": str(n),
            }
            for place in PLACES
            for n in range(1, 4)
        ),
    )
    sheet.choices(
        "desa",
        *(
            {
                "name": f"d{n}",
                "label": f"Desa {n}",
                "di": place["name"],
                "kota": f"{place['name']}_{n % 3 + 1}",
            }
            for n, place in enumerate(PLACES * 4)
        ),
    )


def _filters() -> Iterator[Sheet]:
    for condition in (
        "di = ${a}",
        "besar > 1",
        "besar <= ${i}",
        "di = ${a} and besar = 1",
        "di != ${a}",
        "selected(${b}, di)",
        "not(selected(${b}, di))",
        "di = ${a} or ${i} > 5",
        "true()",
        "false()",
        "contains(name, '_2')",
        "name != ${a}",
        "${i} > 3",
        "count-selected(${b}) > 1 and besar = 2",
        "name = concat(${a}, '_', ${i})",
        "starts-with(name, ${a})",
        "di = 'utara'",
        "besar = ${i}",
        "string-length(name) > 7",
        "besar mod 2 = 1",
    ):
        for kind in ("select_one", "select_multiple"):
            sheet = Sheet()
            _places(sheet)
            sheet.ask("select_one wilayah", "a")
            sheet.ask("select_multiple wilayah", "b")
            sheet.ask("integer", "i")
            sheet.ask(f"{kind} kota", "k", choice_filter=condition)
            sheet.ask("text", "x", relevant="${k} != ''")
            sheet.calculate(
                "nama",
                "jr:choice-name(${k}, '${k}')" if kind == "select_one" else "count-selected(${k})",
            )
            yield sheet


def _cascades() -> Iterator[Sheet]:
    for number in range(6):
        sheet = Sheet()
        _places(sheet)
        with sheet.group("g"):
            sheet.ask("select_one wilayah", "a", required="yes")
            sheet.ask(
                "select_one kota",
                "k",
                choice_filter="di = ${a}",
                relevant="${a} != ''" if number % 2 else "",
            )
            sheet.ask("select_one desa", "z", choice_filter="di = ${a} and kota = ${k}")
        sheet.calculate("tempat", "concat(${a}, '/', ${k}, '/', ${z})")
        if number > 1:
            with sheet.repeat("r"):
                sheet.ask("select_one wilayah", "ra")
                sheet.ask("select_one kota", "rk", choice_filter="di = ${ra}")
                sheet.calculate("rnama", "jr:choice-name(${rk}, '${rk}')")
                if number > 3:
                    sheet.ask(
                        "select_multiple kota", "rm", choice_filter="di = ${ra} and name != ${rk}"
                    )
                    sheet.ask("select_one kota", "luar", choice_filter="di = ${a}")
        yield sheet


def _translations() -> Iterator[Sheet]:
    languages = ("Bahasa Indonesia (id)", "English (en)")
    for number in range(6):
        sheet = Sheet(settings={"default_language": languages[number % 2]})
        both: Callable[[str, str], Row] = lambda one, two: {  # noqa: E731
            f"label::{languages[0]}": one,
            f"label::{languages[1]}": two,
        }
        sheet.choices("warna", *({"name": c, **both(c.capitalize(), c.upper())} for c in COLOURS))
        sheet.ask("text", "nama", **both("Siapa nama Anda?", "What is your name?"))
        sheet.ask("integer", "umur", **both("Berapa umur ${nama}?", "How old is ${nama}?"))
        sheet.ask(
            "select_one warna", "p", **both("Warna untuk **${nama}**", "Colour for **${nama}**")
        )
        sheet.ask("note", "n", **both("Umur ${umur} tahun, ${p}", "Age ${umur}, ${p}"))
        sheet.calculate("terpilih", "jr:choice-name(${p}, '${p}')")
        if number > 2:
            with sheet.repeat("r", **both("Anak", "Child")):
                sheet.ask("text", "rn", **both("Anak dari ${nama}", "Child of ${nama}"))
                sheet.ask("note", "rnote", **both("Ini ${rn}", "This is ${rn}"))
                sheet.calculate("ke", "position(..)")
                sheet.ask("note", "rke", **both("Nomor ${ke}", "Number ${ke}"))
        if number > 4:
            sheet.ask("note", "hanya", **{f"label::{languages[0]}": "Hanya di sini"})
        yield sheet


def _labels() -> Iterator[Sheet]:
    for label in (
        "Umur ${i}",
        "${s} dan ${t}",
        "Jumlah ${c}",
        "${i}${j}",
        "Nilai ${d} dari ${e}",
        "Tanggal ${h}",
        "Pilihan ${p}, ${q}",
        "Hasil: ${b}",
        "'kutip' \"ganda\" < > & ${s}",
    ):
        sheet = standard()
        sheet.calculate("c", "coalesce(${i}, 0) + coalesce(${j}, 0)")
        sheet.calculate("b", "if(${i} > 5, 'besar', '')")
        sheet.ask("note", "n", label)
        with sheet.group("g", label):
            sheet.ask("text", "x", label, relevant="${i} != 2")
        yield sheet


def _chains() -> Iterator[Sheet]:
    for number in range(6):
        sheet = Sheet()
        sheet.ask("integer", "i")
        names = [f"c{n}" for n in range(8)]
        rows = [(names[0], "coalesce(${i}, 0) + 1")]
        rows += [(b, f"${{{a}}} * 2 - {n}") for n, (a, b) in enumerate(pairwise(names))]
        if number > 2:  # from the last to the first: what the sheet calls a forward reference
            rows.reverse()
        for name, expression in rows:
            relevant = f"${{i}} > {number}" if name == "c4" and number % 3 else ""
            sheet.calculate(name, expression, relevant=relevant)
        sheet.ask("text", "x", relevant="${c7} > 100")
        sheet.ask("text", "y", relevant="${x} != ''", required="${c3} > 10")
        yield sheet


def _unicode() -> Iterator[Sheet]:
    for text in ("Ñusa", "日本", "🌊", "é", "é", "ا ب", "a\u00a0b", "Ténggara Timur"):
        sheet = Sheet()
        sheet.choices("kata", {"name": "x_1", "label": text}, {"name": "x_2", "label": text * 2})
        sheet.ask("text", "s", f"Tulis {text}")
        sheet.ask("select_one kata", "p")
        sheet.calculate("c1", f"concat(${{s}}, '{text}')")
        sheet.calculate("c2", f"string-length('{text}')")
        sheet.calculate("c3", f"if(${{s}} = '{text}', 'sama', 'beda')")
        sheet.calculate("c4", "jr:choice-name(${p}, '${p}')")
        sheet.calculate("c5", f"substr('{text}', 0, 1)")
        sheet.calculate("c6", f"if(contains(${{s}}, '{text}'), 1, 0)")
        yield sheet


def _triggers() -> Iterator[Sheet]:
    for number in range(3):
        sheet = Sheet()
        sheet.ask("integer", "i")
        sheet.ask("text", "s")
        sheet.calculate("c1", "concat(${s}, '-', ${i})", trigger="${i}")
        sheet.calculate("c2", "${i} + 1", trigger="${s}")
        if number:
            sheet.ask("text", "x", trigger="${i}", calculation="concat('baru ', ${i})")
        if number > 1:
            with sheet.repeat("r"):
                sheet.ask("integer", "u")
                sheet.calculate("cu", "${u} * 2", trigger="${u}")
        yield sheet


def _ticked() -> Iterator[Sheet]:
    for expression in (*expressions.VALUES["selected"], *expressions.VALUES["selected-at"]):
        sheet = standard(expression)
        sheet.calculate("hasil", expression)
        sheet.as_ticked = True
        yield sheet


def _mixtures() -> Iterator[Sheet]:
    for number in range(90):
        yield _Mixture(random.Random(f"mixture {number}")).write()


class _Mixture:
    """A form as somebody might have written it: everything refers to what stands above it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.sheet = Sheet()
        self.sheet.choices("warna", *COLOURS)
        self.sheet.choices("gejala", *SIGNS)
        _places(self.sheet)
        self.known: list[tuple[str, str]] = []  # what may be referred to here, with its type
        self.number = 0

    def write(self) -> Sheet:
        self.sheet.ask("integer", "awal")
        self.known.append(("awal", "integer"))
        for _ in range(self.chance.randint(3, 6)):
            draw = self.chance.random()
            if draw < 0.25:
                self._group()
            elif draw < 0.45:
                self._repeat()
            elif draw < 0.55:
                self._cascade()
            else:
                self._rows(self.chance.randint(1, 4))
        return self.sheet

    def _name(self, stem: str) -> str:
        self.number += 1
        return f"{stem}{self.number}"

    def _rows(self, count: int) -> None:
        for _ in range(count):
            if self.chance.random() < 0.3:
                name = self._name("c")
                self.sheet.calculate(name, self._value())
                self.known.append((name, "calculate"))
                continue
            kind = self.chance.choice(
                (
                    "integer",
                    "integer",
                    "decimal",
                    "text",
                    "date",
                    "select_one warna",
                    "select_multiple gejala",
                )
            )
            name, columns = self._name("x"), {}
            if self.chance.random() < 0.4:
                columns["relevant"] = self._condition()
            if self.chance.random() < 0.3:
                columns["required"] = self.chance.choice(("yes", self._condition()))
            if self.chance.random() < 0.3:
                found = expressions.CONSTRAINTS[kind]
                alone = [c for c in found if "${" not in c]
                columns |= {
                    "constraint": self.chance.choice(alone),
                    "constraint_message": "Periksa lagi.",
                }
            label = (
                f"Apa {name} untuk ${{{self.known[-1][0]}}}?" if self.chance.random() < 0.2 else ""
            )
            self.sheet.ask(kind, name, label, **columns)
            self.known.append((name, kind))

    def _group(self) -> None:
        relevant = self._condition() if self.chance.random() < 0.6 else ""
        with self.sheet.group(self._name("g"), relevant=relevant):
            self._rows(self.chance.randint(1, 4))
            if self.chance.random() < 0.3:
                with self.sheet.group(self._name("g"), relevant=self._condition()):
                    self._rows(2)

    def _repeat(self) -> None:
        before, name, number = list(self.known), self._name("r"), self._name("z")
        relevant = self._condition() if self.chance.random() < 0.3 else ""
        with self.sheet.repeat(name, relevant=relevant):
            asked = self._name("u")
            self.sheet.ask("integer", asked)
            self.known.append((asked, "integer"))
            self._rows(self.chance.randint(1, 3))
            self.sheet.calculate(number, f"coalesce(${{{asked}}}, 0)")
            self.sheet.calculate(self._name("ke"), "position(..)")
        self.known = before  # from outside, only through count and sum
        for expression in (f"count(${{{name}}})", f"sum(${{{number}}})"):
            self.sheet.calculate(self._name("c"), expression)
            self.known.append((f"c{self.number}", "calculate"))

    def _cascade(self) -> None:
        first, second = self._name("a"), self._name("k")
        self.sheet.ask("select_one wilayah", first)
        self.sheet.ask("select_one kota", second, choice_filter=f"di = ${{{first}}}")

    def _condition(self) -> str:
        one = self._simple()
        draw = self.chance.random()
        if draw < 0.2:
            return f"{one} and {self._simple()}"
        if draw < 0.4:
            return f"{one} or {self._simple()}"
        if draw < 0.5:
            return f"not({one})"
        return one

    def _simple(self) -> str:
        name, kind = self.chance.choice(self.known)
        this = f"${{{name}}}"
        choices = {
            "integer": (
                f"{this} > 5",
                f"{this} < 18",
                f"coalesce({this}, 0) >= 3",
                f"{this} != ''",
            ),
            "decimal": (f"{this} > 1.5", f"coalesce({this}, 0) < 10", f"{this} != ''"),
            "text": (f"{this} != ''", f"{this} = 'Mera'", f"string-length({this}) > 3"),
            "date": (f"{this} < date('2024-01-01')", f"{this} != ''"),
            "select_one warna": (
                f"{this} = 'merah'",
                f"{this} != 'biru'",
                f"selected({this}, 'hijau')",
            ),
            "select_multiple gejala": (
                f"selected({this}, 'demam')",
                f"count-selected({this}) > 1",
            ),
            "calculate": (f"{this} != ''", f"string-length({this}) > 1"),
        }
        return self.chance.choice(choices[kind])

    def _value(self) -> str:
        name, kind = self.chance.choice(self.known)
        this = f"${{{name}}}"
        choices = {
            "integer": (
                f"coalesce({this}, 0) * 2",
                f"{this} + 1",
                f"if({this} > 5, 'ya', 'tidak')",
            ),
            "decimal": (
                f"round(coalesce({this}, 0), 1)",
                f"{this} * 2",
                f"int(coalesce({this}, 0))",
            ),
            "text": (
                f"concat({this}, '!')",
                f"string-length({this})",
                f"coalesce({this}, 'kosong')",
            ),
            "date": (f"format-date({this}, '%Y')", f"coalesce({this}, 'belum')"),
            "select_one warna": (
                f"jr:choice-name({this}, '{this}')",
                f"if({this} = 'merah', 1, 0)",
            ),
            "select_multiple gejala": (
                f"count-selected({this})",
                f"if(selected({this}, 'nyeri'), 1, 0)",
            ),
            "calculate": (
                f"concat('<', {this}, '>')",
                f"if({this} = '', 0, 1)",
                f"string-length({this})",
            ),
        }
        return self.chance.choice(choices[kind])


def _parts(found: Sequence[str], size: int) -> list[Sequence[str]]:
    return [found[start : start + size] for start in range(0, len(found), size)]


FAMILIES: dict[str, Callable[[], Iterator[Sheet]]] = {
    "types": _types,
    "defaults": _defaults,
    "relevance": _relevance,
    "required": lambda: _conditions("required"),
    "read-only": lambda: _conditions("readonly"),
    "constraint": _constraints,
    "repeat": _repeats,
    "repeat-rules": _rules_in_rows,
    "repeat-nested": _nested,
    "repeat-count": _counted,
    "repeat-other-rows": _indexed,
    "choice-filter": _filters,
    "cascade": _cascades,
    "translation": _translations,
    "label": _labels,
    "chain": _chains,
    "unicode": _unicode,
    "trigger": _triggers,
    "order-of-ticks": _ticked,
    "mixture": _mixtures,
}
