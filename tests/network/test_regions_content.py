"""The region data says what the ministry's list says, and keeps the two codes apart."""

import csv
import re
from collections import Counter
from importlib.resources import files

import pytest

COLUMNS = ["kode_kemendagri", "kode_bps", "name", "kind", "parent", "zone"]

NTT = {
    "53.01": "Kabupaten Kupang",
    "53.02": "Kabupaten Timor Tengah Selatan",
    "53.03": "Kabupaten Timor Tengah Utara",
    "53.04": "Kabupaten Belu",
    "53.05": "Kabupaten Alor",
    "53.06": "Kabupaten Flores Timur",
    "53.07": "Kabupaten Sikka",
    "53.08": "Kabupaten Ende",
    "53.09": "Kabupaten Ngada",
    "53.10": "Kabupaten Manggarai",
    "53.11": "Kabupaten Sumba Timur",
    "53.12": "Kabupaten Sumba Barat",
    "53.13": "Kabupaten Lembata",
    "53.14": "Kabupaten Rote Ndao",
    "53.15": "Kabupaten Manggarai Barat",
    "53.16": "Kabupaten Nagekeo",
    "53.17": "Kabupaten Sumba Tengah",
    "53.18": "Kabupaten Sumba Barat Daya",
    "53.19": "Kabupaten Manggarai Timur",
    "53.20": "Kabupaten Sabu Raijua",
    "53.21": "Kabupaten Malaka",
    "53.71": "Kota Kupang",
}

WIB = {
    *("11", "12", "13", "14", "15", "16", "17", "18", "19", "21"),
    *("31", "32", "33", "34", "35", "36"),
    *("61", "62"),
}
WITA = {"51", "52", "53", "63", "64", "65", "71", "72", "73", "74", "75", "76"}
WIT = {"81", "82", "91", "92", "93", "94", "95", "96"}


def read_rows() -> list[dict[str, str]]:
    """Read every row of the file as text."""
    text = (files("simpul.network") / "content" / "regions.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines(), strict=True))


ROWS = read_rows()
BY_CODE = {row["kode_kemendagri"]: row for row in ROWS}
PROVINCES = [row for row in ROWS if row["kind"] == "province"]
REGIONS = [row for row in ROWS if row["kind"] != "province"]


def test_the_file_has_the_agreed_columns_and_no_stray_spaces() -> None:
    for row in ROWS:
        assert list(row) == COLUMNS
        for value in row.values():
            assert value == " ".join(value.split())


def test_there_are_38_provinces_416_regencies_and_98_cities() -> None:
    assert Counter(row["kind"] for row in ROWS) == {"province": 38, "regency": 416, "city": 98}
    assert len(REGIONS) == 514


def test_no_kemendagri_code_appears_twice() -> None:
    assert len(BY_CODE) == len(ROWS)


def test_no_bps_code_appears_twice() -> None:
    codes = [row["kode_bps"] for row in ROWS if row["kode_bps"]]
    assert len(set(codes)) == len(codes)


def test_every_row_has_a_confirmed_bps_code() -> None:
    assert [row["kode_kemendagri"] for row in ROWS if not row["kode_bps"]] == []


def test_codes_keep_their_form() -> None:
    for row in PROVINCES:
        assert re.fullmatch(r"[1-9]\d", row["kode_kemendagri"])
        assert re.fullmatch(r"[1-9]\d", row["kode_bps"])
    for row in REGIONS:
        assert re.fullmatch(r"[1-9]\d\.\d\d", row["kode_kemendagri"])
        assert re.fullmatch(r"[1-9]\d{3}", row["kode_bps"])


def test_every_region_lies_in_the_province_its_code_names() -> None:
    provinces = {row["kode_kemendagri"] for row in PROVINCES}
    assert {row["parent"] for row in PROVINCES} == {""}
    assert {row["parent"] for row in REGIONS} == provinces
    for row in REGIONS:
        assert row["parent"] == row["kode_kemendagri"][:2]
        assert row["kode_bps"][:2] == BY_CODE[row["parent"]]["kode_bps"]


def test_kind_name_and_both_codes_say_the_same() -> None:
    for row in REGIONS:
        prefix = "Kota " if row["kind"] == "city" else "Kabupaten "
        assert row["name"].startswith(prefix)
        assert (int(row["kode_kemendagri"][3:]) > 70) == (row["kind"] == "city")
        assert (int(row["kode_bps"][2:]) > 70) == (row["kind"] == "city")


def test_no_two_regions_share_a_name() -> None:
    assert len({row["name"] for row in REGIONS}) == 514


def test_ntt_has_its_22_regions_by_code_and_name() -> None:
    found = {row["kode_kemendagri"]: row["name"] for row in REGIONS if row["parent"] == "53"}
    assert found == NTT
    assert BY_CODE["53"]["name"] == "Nusa Tenggara Timur"


def test_bps_5301_is_sumba_barat_and_not_kupang() -> None:
    by_bps = {row["kode_bps"]: row["name"] for row in ROWS}
    assert BY_CODE["53.01"]["kode_bps"] == "5303"
    assert BY_CODE["53.12"]["kode_bps"] == "5301"
    assert BY_CODE["53.71"]["kode_bps"] == "5371"
    assert by_bps["5301"] == "Kabupaten Sumba Barat"
    assert by_bps["5303"] == "Kabupaten Kupang"


def test_dropping_the_dot_would_be_wrong_for_199_regions() -> None:
    wrong = [row for row in REGIONS if row["kode_kemendagri"].replace(".", "") != row["kode_bps"]]
    assert len(wrong) == 199


@pytest.mark.parametrize(
    ("kemendagri", "name", "bps"),
    [
        ("91", "Papua", "94"),
        ("92", "Papua Barat", "91"),
        ("93", "Papua Selatan", "95"),
        ("94", "Papua Tengah", "96"),
        ("95", "Papua Pegunungan", "97"),
        ("96", "Papua Barat Daya", "92"),
    ],
)
def test_the_papuan_provinces_have_other_numbers_at_bps(
    kemendagri: str, name: str, bps: str
) -> None:
    assert BY_CODE[kemendagri]["name"] == name
    assert BY_CODE[kemendagri]["kode_bps"] == bps


def test_outside_papua_both_lists_number_the_provinces_alike() -> None:
    for row in PROVINCES:
        if row["kode_kemendagri"] < "91":
            assert row["kode_bps"] == row["kode_kemendagri"]


@pytest.mark.parametrize(
    ("zone", "provinces"),
    [("Asia/Jakarta", WIB), ("Asia/Makassar", WITA), ("Asia/Jayapura", WIT)],
)
def test_each_province_and_its_regions_keep_one_clock(zone: str, provinces: set[str]) -> None:
    assert {row["kode_kemendagri"] for row in PROVINCES if row["zone"] == zone} == provinces
    assert {row["parent"] for row in REGIONS if row["zone"] == zone} == provinces


def test_there_are_only_three_zones() -> None:
    assert {row["zone"] for row in ROWS} == {"Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"}
