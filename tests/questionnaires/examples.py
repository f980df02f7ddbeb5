"""For each rule of the portable profile one small form that breaks it and nothing else."""

from dataclasses import dataclass, field

from tests.questionnaires.forms import PLACES, YES_NO, Row, begin, calculate, end, markdown, q


@dataclass(frozen=True)
class Example:
    """A form, which row breaks the rule, and what stands there."""

    rule: str
    written: str
    survey: list[Row]
    row: int | None = 2
    choices: list[Row] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    compartment: str = "incident"
    sheet: str = "survey"

    @property
    def text(self) -> str:
        """The form as Markdown."""
        return markdown(self.survey, self.choices, self.settings, self.compartment)


AGE, NAME, DAY = q("integer", "umur"), q("text", "nama"), q("date", "hari")
ROWS = [begin("repeat", "anak"), q("integer", "usia"), end("repeat")]


def calculated(rule: str, written: str, *before: Row, **more: object) -> Example:
    """A form whose last row is a calculation that breaks the rule."""
    survey = [*before, calculate("hasil", written)]
    return Example(rule, written, survey, row=len(survey) + 1, **more)  # type: ignore[arg-type]


EXAMPLES = [
    calculated("syntax", "(${umur} + 1", AGE),
    calculated("long", "1" + " + 1" * 251),
    calculated("function", "pulldata('berkas', 'a', 'b', ${nama})", NAME),
    calculated("arguments", "if(${umur} > 3, 1)", AGE),
    calculated("path", "/data/umurnya + 1", AGE),
    calculated("instance", "instance('daftar')/root/item[name = 'a']/label"),
    calculated("choices", "jr:choice-name(${nama}, '${nama}')", NAME),
    Example("cycle", "${b} + 1", [calculate("a", "${b} + 1"), calculate("b", "${a} + 1")], row=2),
    Example("forward", "${umur} > 3", [q("text", "nama", relevant="${umur} > 3"), AGE]),
    Example(
        "own-rows", "count(${usia})",
        [begin("repeat", "anak", repeat_count="count(${usia})"), *ROWS[1:]],
    ),
    calculated("many", "/data/anak/usia + 1", *ROWS),
    calculated("position", "position(..)"),
    calculated("index", "/data/anak[2]/usia", *ROWS),
    calculated("anywhere", "//umur", AGE),
    calculated("exponent", "1e3"),
    calculated("union", "concat(${nama} | ${umur})", NAME, AGE),
    calculated("nested", "count(/data/anak[usia > count(/data/anak[usia > 1])])", *ROWS),
    calculated("once", "once(${umur}) + 1", AGE),
    calculated("rows", "count(1)"),
    calculated("anchors", "if(regex(${nama}, '[a-z]+'), 1, 0)", NAME),
    calculated("pattern", "if(regex(${nama}, '^(?=a).*$'), 1, 0)", NAME),
    calculated("boolean-calculation", "${umur} > 17", AGE),
    calculated("blank-rows", "sum(${usia})", *ROWS),
    Example("bare-condition", "${nama}", [NAME, q("note", "n", relevant="${nama}")], row=3),
    calculated("quoted-number", "if(${umur} = '18', 1, 0)", AGE),
    calculated("quoted-date", "if(${hari} > '2024-01-31', 1, 0)", DAY),
    calculated("date-arithmetic", "today() - ${hari}", DAY),
    calculated("date-calculation", "date(${hari})", DAY),
    calculated("blank-date", "format-date(date(${hari} + 7), '%Y')", DAY),
    calculated("blank-number", "concat('kira-kira ', ${umur} + 1)", AGE),
    calculated("moment", "if(date(${saat}) > date('2024-01-31'), 1, 0)", q("dateTime", "saat")),
    calculated("number-as-text", "string-length(${berat})", q("decimal", "berat")),
    calculated(
        "hidden-rows", "count(${anak})",
        AGE, begin("repeat", "anak", relevant="${umur} > 3"), *ROWS[1:],
    ),
    calculated("format", "format-date(${hari}, '%A')", DAY),
    calculated(
        "choice-name-rows", "jr:choice-name('ya', '/data/anak/kelas')",
        begin("repeat", "anak"), q("select_one yn", "kelas"), end("repeat"), choices=YES_NO,
    ),
    Example(
        "trigger", "trigger: ${umur}",
        [AGE, calculate("hasil", "1 + 1", trigger="${umur}")], row=3,
    ),
    Example("signs", "U+0001", [q("text", "nama", "Tanya\x01")], row=None),
    Example("column", "relevent", [AGE, q("text", "nama", relevent="${umur} > 3")], row=1),
    Example(
        "sheet", "entities", [NAME], row=None, sheet="entities",
    ),
    Example("type", "image", [q("image", "foto")]),
    Example("label", "label", [q("text", "nama", "", hint="Nama")]),
    Example(
        "translation", "label::English (en)",
        [{"type": "text", "name": "a", "label::Bahasa Indonesia (id)": "A", "label::English (en)": "A"},
         {"type": "text", "name": "b", "label::Bahasa Indonesia (id)": "B"}], row=3,
    ),
    Example("message", "constraint: . > 0", [q("integer", "umur", constraint=". > 0")]),
    Example("compartment", "compartment", [NAME], compartment=""),
    Example(
        "flow", "${nama}",
        [q("text", "nama", compartment="identity"), calculate("salinan", "${nama}")], row=3,
    ),
    Example("stat", "stat: gbv:salah", [q("text", "nama", stat="gbv:salah")]),
    Example("profile", "profile: laporan", [NAME], settings={"profile": "laporan"}, sheet="settings"),
    Example(
        "device", "deviceid", [{"type": "deviceid", "name": "perangkat"}],
        settings={"profile": "anonymous-report"},
    ),
    Example(
        "required-identity", "required: yes",
        [q("text", "nama", required="yes", compartment="identity")],
        settings={"profile": "anonymous-report"},
    ),
    Example("many-questions", "1001", [q("text", f"n{n}") for n in range(1001)], row=None),
    Example(
        "many-choices", "501", [q("select_one banyak", "pilih")], row=None, sheet="choices",
        choices=[{"list_name": "banyak", "name": f"c{n}", "label": f"C{n}"} for n in range(501)],
    ),
]  # fmt: skip

# A form that breaks no rule and uses much of what is allowed.
SOUND = Example(
    "", "",
    [
        begin("group", "diri", compartment="identity"),
        q("text", "nama", "Siapa nama Anda?", hint="Boleh nama lain."),
        q("integer", "umur", "Berapa umur ${nama}?", constraint=". > 0 and . < 120",
          constraint_message="Tulis umur antara 1 dan 119.", required="yes",
          required_message="Kira-kira saja."),
        end("group"),
        begin("group", "tempat", compartment="incident"),
        q("select_one kab", "kab", "Di mana?"),
        q("select_one kec", "kec", "Di kecamatan mana?", choice_filter="kab = ${kab}"),
        q("select_multiple yn", "tanda", "Mana yang terjadi?", stat="gbv:tanda"),
        q("note", "darurat", "Hubungi kami sekarang.", relevant="selected(${tanda}, 'ya')"),
        q("date", "hari", "Kapan?"),
        q("time", "jam", "Jam berapa?"),
        end("group"),
        q("integer", "jumlah", "Berapa saksi?"),
        begin("repeat", "saksi", repeat_count="coalesce(${jumlah}, 0)"),
        q("text", "sebutan", "Sebutan saksi"),
        q("integer", "usia", "Kira-kira usia"),
        calculate("usia_pasti", "coalesce(${usia}, 0)"),
        calculate("ke", "position(..)"),
        end("repeat"),
        begin("repeat", "kunjungan"),
        q("text", "catatan", "Catatan"),
        end("repeat"),
        calculate("usia_semua", "sum(${usia_pasti})"),
        calculate("tempat_nama", "jr:choice-name(${kab}, '${kab}')"),
        q("acknowledge", "setuju", "Saya sudah membaca."),
    ],
    choices=[*YES_NO, *PLACES],
)  # fmt: skip
