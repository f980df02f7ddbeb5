"""The fictional network and the public texts: keys resolve, nobody is real, it reads plainly."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SIMPUL = Path(__file__).parents[2] / "src/simpul"


def load(path: str) -> dict[str, Any]:
    """One content file."""
    return tomllib.loads((SIMPUL / path).read_text(encoding="utf-8"))


DEMO = load("site/content/demo.toml")
REPORT = load("reports/content/report.toml")
HOTLINES = load("directory/content/hotlines.toml")
SERVICES = load("directory/content/services.toml")
RULES = load("clocks/content/rules.toml")

AGENCIES = {row["key"]: row for row in DEMO["agency"]}
DESKS = {row["key"]: row for row in DEMO["desk"]}
PEOPLE = {row["key"]: row for row in DEMO["person"]}
SERVICE_CODES = {row["code"] for row in SERVICES["service"]}
# A case, and the same person's report at a second agency, obey the same rules.
CASES = {row["code"]: row for row in DEMO["case"]} | {
    f"{row['code']}-second": row["also_reported"] for row in DEMO["case"] if "also_reported" in row
}

MADE_NAMES = [
    "Mera",
    "Tilo",
    "Yasi",
    "Bora",
    "Lendi",
    "Noka",
    "Wero",
    "Pemi",
    "Rovi",
    "Zuna",
    "Tovi",
    "Nelu",
    "Ligo",
    "Sebi",
    "Dako",
    "Hevi",
    "Gelo",
    "Ruba",
    "Kemo",
]
TYPES = [
    "uptd_ppa",
    "dinas",
    "rsud",
    "polda",
    "ngo",
    "legal_aid",
    "faith",
    "shelter",
    "migrant",
    "campus",
    "un",
    "opd",
    "badan",
    "biro",
]
DUTIES = [
    "complaints",
    "focal_point",
    "case_management",
    "medical",
    "legal_aid",
    "shelter",
    "psychosocial",
    "police",
    "coordination",
    "linkage",
]
DOORS = ["web", "sms", "phone", "walk_in", "focal_point", "post", "partner"]
COMPARTMENTS = [
    "contact",
    "identity",
    "incident",
    "health",
    "legal",
    "psychosocial",
    "safety",
    "recovery",
    "notes",
    "reported_person",
]
REGIONS = {f"53.{n:02}" for n in range(1, 22)} | {"53.71"}
STEPS = {
    "take_up": {"desk"},
    "entry": {"compartment", "text"},
    "identify": {"name", "others", "born"},
    "consent": {"key", "desk", "compartments", "purpose", "until_days", "given", "how"},
    "referral": {"service", "desk", "urgency", "consent", "outcome", "text"},
    "message": {"from", "text"},
    "next_action": {"text", "due_days"},
    "close": {"reason"},
    "reopen": set(),
    "withdraw": {"what"},
}
MORE = {"entry": {"desk"}, "referral": {"answer"}, "withdraw": {"consent"}}


def strings(node: Any) -> Iterator[str]:
    """Every piece of text below a node."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def pairs(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every {id, en} below a node, with its place."""
    if isinstance(node, dict) and ("id" in node or "en" in node):
        yield path, {k: v for k, v in node.items() if isinstance(v, str)}
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from pairs(value, f"{path}.{key}".strip("."))
    elif isinstance(node, list):
        for value in node:
            yield from pairs(value, path)


def sentences(text: str) -> list[str]:
    return [s for s in re.split(r"[.!?](?:\s|$)", text) if s]


def line_of(agency: str) -> set[str]:
    """An agency with everything above it."""
    found = set()
    while agency:
        found.add(agency)
        agency = AGENCIES[agency]["parent"]
    return found


def case_texts(case: dict[str, Any]) -> list[str]:
    """What a person wrote or was told in a case, without codes."""
    people = [case, *case.get("group", [])]
    told = [p[k] for p in people for k in ("story", "contact")]
    return told + [s[k] for s in case["steps"] for k in ("text", "answer") if k in s]


# --- The network -------------------------------------------------------------------------------


def test_keys_are_unique() -> None:
    for kind in ("agency", "desk", "person"):
        keys = [row["key"] for row in DEMO[kind]]
        assert len(keys) == len(set(keys)), kind


@pytest.mark.parametrize("key", AGENCIES)
def test_an_agency_hangs_in_the_tree_and_says_it_is_a_sample(key: str) -> None:
    agency = AGENCIES[key]
    assert agency["name"].endswith("(contoh)")
    assert agency["type"] in TYPES
    assert agency["region"] in REGIONS | {"53"}
    above = line_of(key)
    assert "jejaring" in above
    assert agency["kind"] == {1: "network", 2: "member"}.get(len(above), "node")


def test_the_provincial_government_has_forty_units_by_counting() -> None:
    units = [row for row in DEMO["agency"] if row["unit"]]
    assert len(units) == 40
    by_type = {t: sum(u["type"] == t for u in units) for t in ("dinas", "opd", "rsud", "badan")}
    assert by_type == {"dinas": 1, "opd": 21, "rsud": 2, "badan": 9}
    assert sum(u["type"] == "biro" for u in units) == 7
    assert all(u["region"] == "53" for u in units)


def test_two_regencies_have_no_uptd() -> None:
    places = {row["region"] for row in DEMO["agency"] if row["type"] == "uptd_ppa"}
    assert places == {"53", "53.71", "53.07", "53.03", "53.18"}


@pytest.mark.parametrize("key", DESKS)
def test_a_desk_belongs_to_an_agency_and_offers_known_services(key: str) -> None:
    desk = DESKS[key]
    assert desk["agency"] in AGENCIES
    assert desk["duty"] in DUTIES
    assert set(desk["services"]) <= SERVICE_CODES
    assert all(desk[k].keys() == {"id", "en"} for k in ("name", "hours", "access"))


def test_every_duty_has_a_desk() -> None:
    assert {desk["duty"] for desk in DESKS.values()} == set(DUTIES)


def test_every_desk_has_somebody_who_holds_its_key() -> None:
    staffed = {desk for person in PEOPLE.values() for desk in person["memberships"]}
    assert staffed == DESKS.keys()
    for desk in ("uptd-provinsi-pengaduan", "uptd-5371-pengaduan", "rsud-kupang-medis"):
        assert sum(desk in person["memberships"] for person in PEOPLE.values()) >= 2


def test_administrators_hold_no_desk() -> None:
    administrators = [person for person in PEOPLE.values() if person["admin_of"]]
    assert sum("jejaring" in person["admin_of"] for person in administrators) >= 2
    for person in administrators:
        assert set(person["admin_of"]) <= AGENCIES.keys()
        assert not person["memberships"]


def test_a_shelter_shows_no_address() -> None:
    for desk in DESKS.values():
        if desk["duty"] == "shelter":
            assert desk["access"]["id"].startswith("Alamat tidak ditampilkan.")
            assert desk["receiving"] is False


# --- Nobody is real ----------------------------------------------------------------------------


def test_names_come_only_from_the_made_list() -> None:
    for person in PEOPLE.values():
        assert re.fullmatch(rf"({'|'.join(MADE_NAMES)}) [A-Z]\.", person["name"])
        assert person["username"] == person["key"] == person["name"].split()[0].lower()
    assert len({person["name"][-2] for person in PEOPLE.values()}) == len(PEOPLE)


def test_the_names_on_identity_cards_are_made_too_and_no_village_stands_there() -> None:
    cards = [s for case in CASES.values() for s in case["steps"] if s["do"] == "identify"]
    assert len(cards) >= 6
    for card in cards:
        for name in (card["name"], *card["others"]):
            assert set(name.split()) <= set(MADE_NAMES), name
        assert re.fullmatch(r"(19|20)\d0|", card["born"])


def test_no_card_is_written_of_a_child_or_of_who_wanted_no_name_written() -> None:
    for case in CASES.values():
        if any(step["do"] == "identify" for step in case["steps"]):
            assert case["answers"]["child"] == "no" and case["for_whom"] == "self"
            assert not any("samaran" in s.get("text", "") for s in case["steps"])


def test_passphrases_are_four_words_and_differ() -> None:
    phrases = [person["passphrase"] for person in PEOPLE.values()]
    assert len(set(phrases)) == len(phrases)
    for phrase in phrases:
        assert re.fullmatch(r"[a-z]+(-[a-z]+){3}", phrase)
        assert len(phrase) >= 20
    words = [word for phrase in phrases for word in phrase.split("-")]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    "path",
    [
        "site/content/demo.toml",
        "reports/content/report.toml",
        "directory/content/services.toml",
    ],
)
def test_no_telephone_and_no_identity_number_could_be_real(path: str) -> None:
    """Comments too: the whole file is read."""
    text = re.sub(r"\b20\d\d-\d\d-\d\d\b", "", (SIMPUL / path).read_text(encoding="utf-8"))
    numbers = re.findall(r"\+?\d[\d .\-]{5,}\d", text)
    assert [n for n in numbers if not re.fullmatch(r"0000-0000-\d{4}", n)] == []
    assert re.findall(r"\d{12,}", text) == []


def test_hotlines_are_short_numbers_of_institutions() -> None:
    for row in HOTLINES["hotline"]:
        assert re.fullmatch(r"1\d\d|0800\d{4}", row["number"]), row["code"]


def test_mail_goes_nowhere() -> None:
    for text in strings(DEMO):
        assert all(a == "@contoh.invalid" for a in re.findall(r"@[\w.]+", text))


def test_stories_name_no_person_and_no_place() -> None:
    known = {"IGD", "SMS", "WhatsApp", "LBH", "LPSK", "PSEAH", "Uab", "Meto", "Indonesia"}
    known |= {"Komnas", "Ombudsman", "Propam", "Anda"}
    known |= {"Minggu", "Selasa", "Rabu", "Kamis", "Sabtu"}
    for case in CASES.values():
        for text in case_texts(case):
            for sentence in re.split(r"[.!?:]\s+", text):
                words = re.findall(r"\w+", sentence)[1:]
                assert not {w for w in words if w[0].isupper()} - known, sentence


# --- The cases ---------------------------------------------------------------------------------


def test_there_are_twenty_four_cases() -> None:
    assert [case["code"] for case in DEMO["case"]] == [f"DC{n:02}" for n in range(1, 25)]


@pytest.mark.parametrize("code", CASES)
def test_a_case_resolves(code: str) -> None:
    case = CASES[code]
    assert case["door"] in DOORS
    assert case["region"] in REGIONS
    assert DESKS[case["receiving_desk"]]["receiving"] is True
    assert DESKS[case["fallback_desk"]]["fallback"] is True
    assert case["fallback_desk"] != case["receiving_desk"]
    assert not REPORT["reported_kind"][case["reported_kind"]].get("retired")
    assert case["for_whom"] in REPORT["for_whom"]
    assert set(case["answers"]) == {"danger", "health72", "child", "transit"}
    assert set(case["answers"].values()) <= {"yes", "no", "unknown", "skip"}
    for person in [case, *case.get("group", [])]:
        assert person["needs"]
        assert set(person["needs"]) <= REPORT["need"].keys()
        assert 1 <= len(sentences(person["story"])) <= 5
    assert case["age_days"] > 0


@pytest.mark.parametrize("code", CASES)
def test_the_steps_of_a_case_are_in_order_and_complete(code: str) -> None:
    case = CASES[code]
    days = [step["days_after"] for step in case["steps"]]
    assert days == sorted(days)
    assert all(0 < day < case["age_days"] for day in days)
    for step in case["steps"]:
        fields = step.keys() - {"do", "days_after"}
        assert STEPS[step["do"]] <= fields <= STEPS[step["do"]] | MORE.get(step["do"], set())
        assert step.get("desk", case["receiving_desk"]) in DESKS
        assert set(step.get("compartments", [step.get("compartment", "notes")])) <= set(
            COMPARTMENTS
        )
        assert step.get("purpose", "care") in DEMO["purpose"]
        assert step.get("how", "spoken") in {"receipt", "spoken", "written", "mark"}
        assert step.get("urgency", "low") in {"high", "medium", "low"}
        assert step.get("from", "desk") in {"desk", "reporter"}
        assert step.get("what", "report") in {"report", "consent"}
        assert step.get("reason", "goals_met") in {"goals_met", "survivor_wish", "lost_contact"}
    if case["steps"]:
        first = case["steps"][0]
        assert first["do"] == "take_up"
        assert first["desk"] in {case["receiving_desk"], case["fallback_desk"]}


@pytest.mark.parametrize("code", CASES)
def test_nothing_is_referred_without_consent(code: str) -> None:
    live: dict[str, str] = {}
    seen: set[str] = set()
    for step in CASES[code]["steps"]:
        if step["do"] == "consent":
            assert step["key"] not in seen
            seen.add(step["key"])
            if step["given"]:
                live[step["key"]] = step["desk"]
        elif step["do"] == "withdraw" and step["what"] == "consent":
            del live[step["consent"]]
        elif step["do"] == "withdraw":
            live.clear()
        elif step["do"] == "referral":
            assert live[step["consent"]] == step["desk"]
            assert step["service"] in DESKS[step["desk"]]["services"]
            assert ("answer" in step) == (step["outcome"] != "waiting")


@pytest.mark.parametrize("code", CASES)
def test_the_excluded_office_is_nowhere_in_the_case(code: str) -> None:
    case = CASES[code]
    shut = case.get("excluded_agency")
    if shut is None:
        return
    assert shut in AGENCIES
    hands = [case["receiving_desk"], case["fallback_desk"]]
    hands += [step["desk"] for step in case["steps"] if "desk" in step]
    for desk in hands:
        assert shut not in line_of(DESKS[desk]["agency"])


@pytest.mark.parametrize("code", CASES)
def test_nothing_happens_to_a_stopped_report_until_it_is_opened_again(code: str) -> None:
    stopped = False
    for step in CASES[code]["steps"]:
        assert not stopped or step["do"] == "reopen"
        if step["do"] in {"close", "reopen"} or step.get("what") == "report":
            stopped = step["do"] != "reopen"


def test_the_cases_use_every_kind_of_step_and_outcome() -> None:
    steps = [step for case in CASES.values() for step in case["steps"]]
    assert {step["do"] for step in steps} == STEPS.keys()
    outcomes = {step["outcome"] for step in steps if step["do"] == "referral"}
    assert outcomes == {"waiting", "accepted", "declined", "reported_back", "ended"}
    assert {step["given"] for step in steps if step["do"] == "consent"} == {True, False}
    assert {case["door"] for case in CASES.values()} == set(DOORS)


def test_where_there_is_no_uptd_the_fallback_opens_after_a_day() -> None:
    case = CASES["DC21"]
    first = case["steps"][0]
    assert case["region"] == "53.17"
    assert first["desk"] == case["fallback_desk"]
    assert first["days_after"] > 1


def test_the_group_from_the_ship_is_seven_people() -> None:
    assert 1 + len(CASES["DC06"]["group"]) == 7


def test_only_one_of_two_reports_agrees_to_linkage() -> None:
    for code, given in (("DC23", True), ("DC23-second", False)):
        link = [s for s in CASES[code]["steps"] if s.get("purpose") == "linkage"]
        assert [step["given"] for step in link] == [given]
        assert DESKS[link[0]["desk"]]["duty"] == "linkage"


def test_light_records_cover_every_regency_and_say_they_are_invented() -> None:
    light = DEMO["light"]
    assert light["region"].keys() | light["fixed"].keys() == REGIONS
    assert not light["region"].keys() & light["fixed"].keys()
    assert light["fixed"].keys() == {"53.17", "53.20"}
    assert all(0 <= n <= 3 for n in light["fixed"].values())
    assert sorted(map(int, light["month"])) == list(range(1, 13))
    assert sum(light["type"].values()) == 100
    assert "karangan" in light["note"]["id"]
    assert "invented" in light["note"]["en"]


# --- Texts that everybody reads ----------------------------------------------------------------

# Words that never stand in a message to a survivor; pages are read by tests/language.
NEVER = re.compile(r"korban|pelaku\b|oknum|gagal|ditolak|ilegal|sabar|dijamin", re.IGNORECASE)


def test_every_shared_text_has_both_languages() -> None:
    found = [*pairs(REPORT), *pairs(HOTLINES), *pairs(SERVICES), *pairs(DEMO)]
    assert len(found) > 300
    for place, text in found:
        assert text.keys() == {"id", "en"}, place
        assert all(t and t == t.strip() for t in text.values()), place
        holes = [sorted(re.findall(r"{\w+}", text[language])) for language in ("id", "en")]
        assert holes[0] == holes[1], place


def test_english_sentences_are_as_short_as_indonesian_ones() -> None:
    for place, text in [*pairs(REPORT), *pairs(HOTLINES), *pairs(SERVICES)]:
        for sentence in sentences(text["en"]):
            assert len(sentence.split()) <= 12, f"{place}: {sentence}"


def test_messages_to_survivors_blame_nobody() -> None:
    for code, case in CASES.items():
        told = [s["text"] for s in case["steps"] if s["do"] == "message" and s["from"] == "desk"]
        assert not [text for text in told if NEVER.search(text)], code


def test_only_children_are_called_kamu() -> None:
    for place, text in pairs(REPORT):
        assert "child" in place or not re.search(r"\bkamu\b|padamu\b", text["id"], re.I), place


def test_fixed_sentences_are_used_word_for_word() -> None:
    pages = {k: v for k, v in REPORT.items() if k != "phrase"}
    used = {text["id"] for _, text in pairs(pages)}
    for key in ("need_now", "contact_rule", "consent_1", "limits", "police_choice", "health_late"):
        assert REPORT["phrase"][key]["id"] in used, key
    for key in ("believe", "third_party", "work", "refuse_other", "close", "consent_2"):
        assert REPORT["phrase"][key]["id"] in used, key
    for key, place in (("health_72", "health72"), ("child", "child"), ("debt", "transit")):
        assert REPORT["phrase"][key]["id"] in REPORT["page1"][place]["answer_yes"]["id"], key


def test_each_safety_question_advises_on_all_four_answers() -> None:
    for question in ("danger", "health72", "child", "transit"):
        answers = {f"answer_{code}" for code in ("yes", "no", "unknown", "skip")}
        assert REPORT["page1"][question].keys() >= {"question", "hint"} | answers
    assert "polisi" not in REPORT["page1"]["danger"]["answer_yes"]["id"].lower()
    assert "tanpa lapor polisi" in REPORT["page1"]["health72"]["answer_yes"]["id"]


def test_needs_and_services_lead_somewhere() -> None:
    for need in REPORT["need"].values():
        assert set(need["services"]) <= SERVICE_CODES
    rules = {rule["code"] for rule in RULES["rule"]}
    codes = [row["code"] for row in SERVICES["service"]]
    assert len(codes) == len(set(codes))
    assert {row["rule"] for row in SERVICES["service"] if "rule" in row} <= rules
    assert {task for row in SERVICES["service"] for task in row["tasks"]} == set(range(1, 12))


def test_hotlines_are_unverified_until_somebody_tries_them() -> None:
    shown = {"danger", "health72", "child", "selfharm", "transit"}
    rows = HOTLINES["hotline"]
    assert {row["number"] for row in rows} == {"110", "112", "119", "129", "148", "08001000"}
    assert {place for row in rows for place in row["show_first_for"]} == shown
    for row in rows:
        assert row["verified"] is False
        assert row["checked"] == HOTLINES["checked"]
        assert set(row["show_first_for"]) <= shown
    assert not [r for r in rows if "health72" in r["show_first_for"] and r["number"] == "110"]
