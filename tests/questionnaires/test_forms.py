"""The shipped questionnaires: sound in both languages, kind, and right in what they conclude."""

import random
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import product

import pytest

from simpul.questionnaires import lint, pages, sheet, shipped
from simpul.questionnaires.compile import Questionnaire
from simpul.questionnaires.definition import Node
from simpul.questionnaires.evaluate import Evaluation
from simpul.vault.models import Compartment
from tests.questionnaires import forms

FORMS = [
    "biopsychosocial", "closure", "extra", "feedback", "follow_up", "intake", "risk",
    "safety_plan", "service_plan", "trafficking_screening",
]  # fmt: skip
REFUSED = ["", "tidak_tahu", "tidak_jawab"]
NOTHING = [*REFUSED, "tidak_ada"]


@cache
def examined(name: str) -> lint.Examined:
    """What the linter says of a shipped questionnaire, with the shipped codes."""
    return lint.examine(forms.read(shipped.workbook(name).decode()), shipped.codes())


def form(name: str) -> Questionnaire:
    """A shipped questionnaire that runs."""
    found = examined(name).questionnaire
    assert found is not None
    return found


def leaves(name: str) -> Iterator[Node]:
    """What a shipped questionnaire asks, says or calculates."""
    return (one for one in form(name).definition.nodes.values() if one.kind == "leaf")


def asked(name: str) -> list[Node]:
    """The questions of a shipped questionnaire."""
    return [one for one in leaves(name) if one.in_body and not lint.is_note(one)]


def options(name: str, question: str) -> list[str]:
    """The choices of a question."""
    questionnaire = form(name)
    use = next(u for u in questionnaire.uses if u.node.name == question and u.where == "choices")
    return [c.name for one in use.lists for c in questionnaire.definition.choices[one]]


class Table:
    """One filled questionnaire of which the answers are changed again and again."""

    def __init__(self, name: str) -> None:
        self.evaluation = Evaluation(form(name), now=forms.NOW)
        nodes = self.evaluation.questionnaire.definition.nodes
        self.paths = {node.name: path for path, node in nodes.items()}

    def put(self, answers: Mapping[str, str]) -> None:
        """Give these answers, and let the form draw its conclusions."""
        for name, text in answers.items():
            assert self.evaluation.set(self.paths[name], text)
        self.evaluation.settle()

    def value(self, name: str) -> str:
        """What counts as the answer."""
        return forms.value(self.evaluation, name)

    def is_shown(self, name: str) -> bool:
        """Whether a question or note is shown now."""
        item = self.evaluation.find(self.paths[name])
        return item is not None and item.live

    def after(self, answers: Mapping[str, str], name: str) -> str:
        """What counts as one answer after others were given."""
        self.put(answers)
        return self.value(name)


# --- All of them --------------------------------------------------------------------------------


def test_these_questionnaires_are_shipped() -> None:
    assert shipped.names() == FORMS
    with pytest.raises(LookupError):
        shipped.workbook("../codebooks.toml")


@pytest.mark.parametrize("name", FORMS)
def test_each_is_inside_the_portable_profile_without_a_warning(name: str) -> None:
    assert examined(name).findings == []
    assert forms.read(shipped.workbook(name).decode()).warnings == []


def test_the_confined_child_reads_them_too() -> None:
    assert sheet.read(shipped.workbook("intake")).warnings == []


@pytest.mark.parametrize("name", FORMS)
def test_each_says_its_version_its_source_and_when_it_was_checked(name: str) -> None:
    written = shipped.workbook(name).decode()
    [settings] = forms.read(written).rows["settings"]
    assert settings["form_id"] == name
    assert re.fullmatch(r"20\d{8}", settings["version"])
    comments = [line for line in written.splitlines() if line.startswith("#")]
    assert any("Sumber / source:" in line for line in comments)
    assert any(re.search(r"Diperiksa / checked: 20\d\d-\d\d-\d\d", line) for line in comments)


@pytest.mark.parametrize("name", FORMS)
def test_everything_that_is_said_is_said_in_both_languages(name: str) -> None:
    written = forms.read(shipped.workbook(name).decode())
    for rows in written.rows.values():
        for row in rows:
            for column in ("label", "hint", "required_message", "constraint_message"):
                said = [row.get(f"{column}::{one}") for one in ("Indonesia (id)", "English (en)")]
                assert bool(said[0]) == bool(said[1]), row
    for row in written.rows["choices"]:
        assert row["label::Indonesia (id)"]
    for _number, row in written.survey():
        silent = row["type"].startswith(("end_", "calculate"))
        assert silent or row["label::Indonesia (id)"], row


@pytest.mark.parametrize("name", FORMS)
def test_every_answer_belongs_to_a_part_of_the_record(name: str) -> None:
    assert {node.compartment_of for node in leaves(name)} <= set(Compartment.values)


@pytest.mark.parametrize("name", FORMS)
def test_only_what_makes_the_record_useless_must_be_answered(name: str) -> None:
    must = {node.name for node in asked(name) if node.required not in ("", "false()")}
    allowed = {
        "intake": {"ingin"}, "biopsychosocial": {"ingin"}, "service_plan": {"ingin"},
        "closure": {"setuju", "usaha_1", "usaha_2", "usaha_3"},
    }  # fmt: skip
    assert must == allowed.get(name, set())


@pytest.mark.parametrize("name", FORMS)
def test_a_page_asks_at_most_eight_questions(name: str) -> None:
    for node in form(name).definition.nodes.values():
        if node.kind in ("group", "repeat"):
            mine = [one for one in node.children.values() if one in asked(name)]
            assert len(mine) <= 8, node.name


# Lists from which the officer chooses alone, or where every choice is a fact of the procedure.
OFFICERS = {
    "sebab", "setuju", "periksa", "bulan", "tingkat", "kebutuhan", "jelas", "bentuk", "judul",
    "rujukan", "pendapat",
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_where_a_person_is_asked_not_knowing_and_not_saying_are_answers(name: str) -> None:
    for list_name, choices in form(name).definition.choices.items():
        if [one.name for one in choices][-2:] != ["tidak_tahu", "tidak_jawab"]:
            assert list_name in OFFICERS


@pytest.mark.parametrize("name", FORMS)
def test_nothing_asks_for_what_is_never_asked(name: str) -> None:
    written = "\n".join(
        line for line in shipped.workbook(name).decode().splitlines() if line.startswith("|")
    )
    never = r"\bNIK\b|\bKTP\b|kartu keluarga|\bagama\b|\bsuku\b|status (?:kawin|perkawinan)|foto"
    assert not re.search(never, written, re.I)
    assert not re.search(r"[Kk]enapa|why did|why were", written)


def test_the_public_ones_know_nobody() -> None:
    for name in ("extra", "feedback"):
        assert not {node.name for node in asked(name)} & {"nama", "sapaan", "alamat", "telepon"}
        assert "identity" not in {node.compartment_of for node in leaves(name)}
        assert pages.faults(Evaluation(form(name), now=forms.NOW)) == []
    assert {node.type for node in asked("feedback")} == {"string"}
    assert {node.compartment_of for node in leaves("feedback")} == {"recovery"}
    assert form("extra").definition.profile == "anonymous-report"
    assert form("feedback").definition.profile == "feedback"


def test_feedback_ends_with_thanks() -> None:
    last = pages.pages(Evaluation(form("feedback"), now=forms.NOW))[-1]
    assert [item.node.name for item in last.items if item.node.kind == "leaf"] == [
        "terima_kasih", "kembali",
    ]  # fmt: skip


# --- Codes --------------------------------------------------------------------------------------

# The picks of the standard, word for word (HTCDS 2.0); our own additions start with x_.
HTCDS = {
    "vic_MethodsOfControl": """PhysicalThreats ThreatsLawEnforcement ThreatensChildrenFamily
        DebtBondage FalsePromises PhysicalAbuse SexualAbuse TakesEarnings RestrictsFinancialAccess
        RestrictsMedicalCare WithholdsNecessities PsychologicalAbuse PsychoactiveSubstance
        ExcessiveWorkingHours WithholdsDocuments Other""",
    "vic_TypeOfExploitation": """ForcedLabour SexualExploitation ChildLabour ForcedMarriage
        Servitude ForcedMilitaryByNonStateActors OrganRemoval ForcedBegging ForcedAdoption
        Surrogacy Other""",
    "vic_MethodOfRecruitment": """AtAPlaceOfBusiness AtAnEducationalInstitution AtWork
        ThroughOnlineSocialNetworks ThroughAnOnlineAdvertisement ThroughATelevisionAdvert
        ThroughANewspaperAdvert ThroughFamilyOrFamilyEvents ThroughFriendsOrSocialEvents Other""",
    "vic_RecruitmentWebsitesAndApps": """Facebook Instagram WhatsApp Telegram FacebookMessenger
        Viber SnapChat Line 4Sale WeChat QQ QZone TikTok Twitter Other""",
    "vic_RelationshipToTrafficker": "Familial Acquainted Unaquainted",
    "vic_TypeOfSexExploitation": """Prostitution Pornography RemoteInteractiveServices
        PrivateSexualServices""",
    "vic_TraffickingStatus": "PossibleVictimOfTrafficking ActualVictimOfTrafficking",
    "vic_TraffickingStatusDecisionMakingOrg": """Police NGO CourtOrProsecution
        NonPoliceGovernmentalOrganization Other""",
    "vic_ForcedLabourIndustry": """A_AgricultureForestryAndFishing B_MiningAndQuarrying
        C_Manufacturing D_ElectricityGasSteamAndAirConditioningSupply
        E_WaterSupplySewerageWasteManagement F_Construction
        G_WholesaleAndRetailTradeRepairOfMotorVehicles H_TransportationAndStorage
        I_AccommodationAndFoodServiceActivities J_InformationAndCommunication
        K_FinancialAndInsuranceActivities L_RealEstateActivities
        M_ProfessionalScientificAndTechnicalActivities N_AdministrativeAndSupportServiceActivities
        O_PublicAdministrationAndDefence P_Education Q_HumanHealthAndSocialWorkActivities
        R_ArtsEntertainmentAndRecreation S_OtherServiceActivities
        T_ActivitiesOfHouseholdsAsEmployers U_ActivitiesOfExtraterritorialOrganizations""",
    "prs_Gender": """Feminine Masculine TransgenderFeminine TransgenderMasculine
        NonConforming""",
    "spl_Type": """Education Financial Health LabourExploitationRehabilitation Legal Livelihood
        RightsBasedTraining SexualExploitationRehabilitation SocialCare""",
}


def test_the_codes_of_the_standard_are_the_standards() -> None:
    known = shipped.codes()
    for field, picks in HTCDS.items():
        assert {c for c in known[f"htcds:{field}"] if not c.startswith("x_")} == {*picks.split()}
    assert {code for code in known if code.startswith("htcds:")} == {f"htcds:{f}" for f in HTCDS}


def test_nobody_is_ever_counted_as_not_trafficked() -> None:
    assert "NotAVictimOfTrafficking" not in shipped.workbook("trafficking_screening").decode()
    assert "NotAVictimOfTrafficking" not in shipped.codes()["htcds:vic_TraffickingStatus"]


def test_each_code_has_a_standard_a_source_and_a_day_and_is_used() -> None:
    book = shipped.codebook()
    for code, said in book["code"].items():
        standard = book["standard"][code.partition(":")[0]]
        assert standard["source"]
        assert standard["checked"].year >= 2026
        assert said["verified"] in (True, False)
        assert said["verified"] or "belum dicocokkan" in said["note"]["id"]
    used = {node.stat for name in FORMS for node in leaves(name) if node.stat}
    assert used == book["code"].keys()


def test_every_value_of_a_code_is_the_code_of_some_choice_or_result() -> None:
    coded: dict[str, set[str]] = {}
    for name in FORMS:
        questionnaire = form(name)
        for node in leaves(name):
            if not node.stat:
                continue
            if node.calculate:
                coded.setdefault(node.stat, set()).update(re.findall(r"'(\w+)'", node.calculate))
                continue
            use = next(u for u in questionnaire.uses if u.node is node and u.where == "choices")
            for one in use.lists:
                coded.setdefault(node.stat, set()).update(
                    choice.values.get("stat_code", "")
                    for choice in questionnaire.definition.choices[one]
                )
    for code, values in shipped.codes().items():
        assert values <= coded[code], code


# --- Trafficking screening ----------------------------------------------------------------------

AGES = ["", "anak", "mungkin_anak", "dewasa", "tidak_tahu", "tidak_jawab"]
SCREENING = "trafficking_screening"


def concluded(age: str, act: bool, means: bool, purpose: bool) -> str:
    """What act, means and purpose come to; for a child no means is needed."""
    if act and purpose and (means or age in ("anak", "mungkin_anak")):
        return "kuat"
    return "sebagian" if act or means or purpose else "belum_jelas"


def test_the_result_follows_from_act_means_purpose_and_age_in_every_combination() -> None:
    table = Table(SCREENING)
    several = [*NOTHING, "x"]
    for age, act, means, control, purpose in product(AGES, *[several] * 4):
        answers = {
            "usia": age,
            "proses": act.replace("x", "direkrut"),
            "cara": means.replace("x", "tipu"),
            "kendali": control.replace("x", "utang"),
            "tujuan": purpose.replace("x", "kerja_paksa"),
        }
        wanted = concluded(age, act == "x", "x" in (means, control), purpose == "x")
        assert table.after(answers, "hasil") == wanted, answers


@pytest.mark.parametrize(
    ("question", "flag"),
    [
        ("proses", "ada_proses"), ("cara", "ada_cara"), ("kendali", "ada_cara"),
        ("tujuan", "ada_tujuan"),
    ],
)  # fmt: skip
def test_every_sign_counts_also_beside_no_unknown_and_refused(question: str, flag: str) -> None:
    table = Table(SCREENING)
    for option in options(SCREENING, question):
        sign = option not in NOTHING
        for beside in NOTHING:
            chosen = f"{option} {beside}".strip()
            assert table.after({question: chosen}, flag) == ("1" if sign else "0"), chosen


def test_the_result_reads_nothing_else_so_no_consent_can_clear_a_sign() -> None:
    questionnaire = form(SCREENING)
    reads = {use.node.name: {one.name for one in use.reads} for use in questionnaire.uses
             if use.where == "calculate"}  # fmt: skip
    seen: set[str] = set()
    waiting = {"hasil"}
    while waiting:
        one = waiting.pop()
        seen.add(one)
        waiting |= reads.get(one, set()) - seen
    assert seen - reads.keys() == {"usia", "proses", "cara", "kendali", "tujuan"}


def test_screening_never_stands_in_the_way_of_help() -> None:
    table = Table(SCREENING)
    for age, act, purpose in product(AGES, [*NOTHING, "direkrut"], [*NOTHING, "seksual"]):
        table.put({"usia": age, "proses": act, "tujuan": purpose})
        assert pages.faults(table.evaluation) == []
        assert table.is_shown("butuh")
        assert table.is_shown("bantuan")


def test_an_unclear_age_asks_to_think_of_a_child() -> None:
    table = Table(SCREENING)
    for age in ("tidak_tahu", "tidak_jawab"):
        table.put({"usia": age})
        assert table.is_shown("umur_belum")


# --- Risk ---------------------------------------------------------------------------------------

HIGH = ["bahaya", "bunuh", "senjata", "cekik", "anak", "diri"]
MEDIUM = ["dekat", "kuasa", "sering", "balas", "ponsel", "pulang"]
ANSWERS = ["", "ya", "tidak", "tidak_tahu", "tidak_jawab"]


def level(answers: Mapping[str, str]) -> str:
    """High by one grave sign; low only when every grave one was answered with no."""
    if any(answers[one] == "ya" for one in HIGH):
        return "tinggi"
    if any(answers[one] == "ya" for one in MEDIUM):
        return "sedang"
    return "rendah" if all(answers[one] == "tidak" for one in HIGH) else "sedang"


def calm() -> dict[str, str]:
    """Everything answered with no."""
    return dict.fromkeys([*HIGH, *MEDIUM], "tidak")


def test_one_answer_at_a_time_moves_the_level_as_it_should_and_shows_why() -> None:
    table = Table("risk")
    assert table.after(calm(), "tingkat") == "rendah"
    for name, answer in product([*HIGH, *MEDIUM], ANSWERS):
        answers = calm() | {name: answer}
        assert table.after(answers, "tingkat") == level(answers), (name, answer)
        assert table.is_shown(f"karena_{name}") == (answer == "ya")
        silent = name in HIGH and answer in REFUSED
        assert table.is_shown("karena_belum") == silent


def test_the_level_is_right_for_a_thousand_mixed_answers() -> None:
    table, dice = Table("risk"), random.Random(5)
    for _ in range(1000):
        answers = {one: dice.choice(ANSWERS) for one in HIGH + MEDIUM}
        assert table.after(answers, "tingkat") == level(answers), answers


def test_silence_is_never_low() -> None:
    for answer in REFUSED:
        table = Table("risk")
        assert table.after(dict.fromkeys(HIGH + MEDIUM, answer), "tingkat") == "sedang"


def test_the_officer_decides_and_a_lower_decision_asks_for_a_reason() -> None:
    table = Table("risk")
    table.put(calm() | {"bunuh": "ya", "putusan_tingkat": "sedang"})
    assert (table.value("tingkat"), table.value("putusan_tingkat")) == ("tinggi", "sedang")
    assert table.is_shown("beda")
    table.put({"putusan_tingkat": "tinggi"})
    assert not table.is_shown("beda")
    assert pages.faults(table.evaluation) == []


# --- Intake -------------------------------------------------------------------------------------


def band(days: int) -> str:
    """The band of a delay in days."""
    for last, name in (
        (3, "0_3_hari"),
        (5, "4_5_hari"),
        (14, "6_14_hari"),
        (30, "2_minggu_1_bulan"),
    ):
        if days <= last:
            return name
    return "lebih_1_bulan"


@pytest.mark.parametrize("first", ["2026-11-23", "2026-01-02", "2024-03-01"])
def test_every_day_falls_into_its_band_and_shows_what_health_care_can_do(first: str) -> None:
    table, day = Table("intake"), date.fromisoformat(first)
    for days in range(400):
        happened = (day - timedelta(days=days)).isoformat()
        table.put({"tanggal_lapor": first, "tanggal_kejadian": happened})
        assert (table.value("hari"), table.value("selang")) == (str(days), band(days))
        assert table.is_shown("sehat_cepat") == (days <= 3)
        assert table.is_shown("sehat_lima") == (days <= 5)
        assert table.is_shown("sehat_selalu")


def test_without_a_day_a_guess_counts_and_a_refusal_is_not_counted() -> None:
    table = Table("intake")
    for guess in options("intake", "selang_kira"):
        table.put({"tanggal_kejadian": "", "selang_kira": guess})
        assert table.value("selang") == ("" if guess in REFUSED else guess)
    table.put({"selang_kira": "lebih_1_bulan", "tanggal_lapor": "2026-11-23",
               "tanggal_kejadian": "2026-11-22"})  # fmt: skip
    assert table.value("selang") == "0_3_hari"


def test_a_day_after_the_first_talk_is_asked_again_kindly() -> None:
    table = Table("intake")
    table.put({"ingin": "belum tahu", "tanggal_lapor": "2026-11-23",
               "tanggal_kejadian": "2026-11-24"})  # fmt: skip
    [(_page, name, said)] = pages.faults(table.evaluation)
    assert "tanggal_kejadian" in name
    assert said == "Pilih tanggal yang tidak lewat dari pembicaraan pertama."


def test_only_the_wish_must_be_written_in_an_intake() -> None:
    [(_page, name, said)] = pages.faults(Evaluation(form("intake"), now=forms.NOW))
    assert name.endswith("ingin")
    assert "belum tahu" in said


def test_no_contact_means_no_way_of_contact_is_asked() -> None:
    table = Table("intake")
    table.put({"jalur": "telepon"})
    assert table.is_shown("jalur_orang_lain")
    table.put({"jalur": "telepon jangan"})
    assert not table.is_shown("jalur_isi")


# --- Plans and the end --------------------------------------------------------------------------


def test_a_plan_on_paper_tells_nothing_to_who_finds_it() -> None:
    rows = forms.read(shipped.workbook("safety_plan").decode()).rows
    listed = [row for row in rows["survey"] if row]
    start = next(n for n, row in enumerate(listed) if row.get("name") == "daftar_1")
    on_paper = [row for row in [*listed[start:], *rows["choices"]] if "name" in row]
    for row in on_paper:
        for column in ("label::Indonesia (id)", "label::English (en)"):
            said = row.get(column, "")
            telling = r"aman\b|bahaya|ancam|kekerasan|polisi|terlapor|safe|danger|threat|violen"
            assert not re.search(telling, said, re.I), said
    assert options("safety_plan", "judul") == ["catatan", "keperluan", "minggu", "resep"]


def test_a_plan_is_kept_only_by_choice_and_a_changed_mind_takes_it_all_away() -> None:
    table = Table("safety_plan")
    assert not table.is_shown("orang_1")
    written = {
        "simpan": "ya",
        "cetak": "tidak",
        "judul": "resep",
        "orang_1": "Mawar",
        "barang": "uang",
    }
    table.put(written)
    assert table.is_shown("jangan_cetak")
    assert set(pages.finished(table.evaluation).parts) == {"safety"}
    assert len(pages.finished(table.evaluation).parts["safety"]) == len(written)
    for answer in ("tidak", *REFUSED):
        table.put({"simpan": answer})
        assert table.is_shown("jangan_simpan")
        kept = pages.finished(table.evaluation).parts.get("safety", {})
        assert set(kept.values()) <= {answer}


def test_whoever_wants_no_more_contact_is_asked_no_reason_and_no_day() -> None:
    table = Table("follow_up")
    table.put({"bulan": "3", "lanjut": "ya"})
    assert table.value("sesudah") == "6"
    assert table.is_shown("berikut_tanggal")
    table.put({"lanjut": "tidak"})
    assert not table.is_shown("berikut_tanggal")
    assert not table.is_shown("saran")
    assert pages.faults(table.evaluation) == []


def test_follow_up_goes_from_month_to_month_and_ends() -> None:
    table = Table("follow_up")
    after = [table.after({"bulan": one}, "sesudah") for one in ("1", "3", "6", "12", "lain", "")]
    assert after == ["3", "6", "12", "", "", ""]


TRIES = {"usaha_1": "2026-11-02", "usaha_2": "2026-11-09", "usaha_3": "2026-11-16"}


@pytest.mark.parametrize(
    ("answers", "may"),
    [
        ({}, False),
        ({"setuju": "ya"}, True),
        ({"setuju": "tidak"}, False),
        ({"setuju": "belum"}, False),
        ({"setuju": "tidak_terhubung"}, False),
        ({"setuju": "tidak_terhubung"} | TRIES, True),
        ({"setuju": "tidak_terhubung"} | TRIES | {"usaha_3": ""}, False),
        ({"setuju": "tidak_terhubung"} | TRIES | {"usaha_2": "2026-11-02"}, False),
        ({"setuju": "tidak_terhubung"} | TRIES | {"usaha_3": "2026-11-01"}, False),
        ({"setuju": "tidak"} | TRIES, False),
    ],
)
def test_a_case_ends_with_agreement_or_after_three_tries_on_different_days(
    answers: dict[str, str], may: bool
) -> None:
    table = Table("closure")
    assert table.after(answers, "boleh_tutup") == ("ya" if may else "belum")
    assert table.is_shown("akhir_ya") == may
    if answers.get("setuju") == "tidak_terhubung":
        assert (pages.faults(table.evaluation) == []) == may


def test_a_refused_referral_of_the_plan_warns_and_the_code_is_the_standards() -> None:
    evaluation = Evaluation(form("service_plan"), now=forms.NOW)
    if not evaluation.rows("/data/layanan"):
        evaluation.add("/data/layanan")
    for name, text in {"jenis": "kesehatan", "izin": "tidak", "rujukan": "tidak_mau"}.items():
        assert evaluation.set(f"/data/layanan[1]/{name}", text)
    evaluation.settle()
    warning = evaluation.find("/data/layanan[1]/tanpa_izin")
    assert warning is not None
    assert warning.live
    coded = {(one.stat, one.value) for one in pages.finished(evaluation).coded}
    assert coded == {
        ("htcds:spl_Type", "Health"), ("gbv:service_referred", "referral_declined_by_survivor"),
    }  # fmt: skip
