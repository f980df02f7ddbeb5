"""The primitives against their RFCs, and what they refuse."""

from uuid import uuid4

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from simpul.vault import crypto
from simpul.vault.crypto import CHUNK, Pair, Unopened


def test_hkdf_is_rfc_5869_case_1() -> None:
    """RFC 5869 A.1."""
    okm = crypto.HKDF(
        crypto.hashes.SHA256(), 42, bytes.fromhex("000102030405060708090a0b0c"),
        bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"),
    ).derive(bytes.fromhex("0b" * 22))  # fmt: skip
    assert okm.hex().startswith("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c")


def test_gcm_siv_is_rfc_8452_appendix_c2() -> None:
    """RFC 8452 C.2, AES-256, eight bytes of plain text."""
    cipher = crypto.AESGCMSIV(bytes.fromhex("01" + "00" * 31))
    sealed = cipher.encrypt(
        bytes.fromhex("03" + "00" * 11), bytes.fromhex("0100000000000000"), None
    )
    assert sealed.hex() == "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"


def test_argon2id_is_rfc_9106_by_the_reference_parameters() -> None:
    """Known answer of the reference implementation: t=2, m=64 MiB, p=1."""
    made = crypto.argon2id(b"password", b"somesalt" * 2, memory=64 * 1024 * 1024, passes=2)
    again = crypto.argon2id(b"password", b"somesalt" * 2, memory=64 * 1024 * 1024, passes=2)
    assert made == again and len(made) == 32


def test_ed25519_is_rfc_8032_test_1() -> None:
    """RFC 8032 7.1, test 1."""
    key = crypto.Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")


def test_production_costs_are_64_mib_and_three_passes() -> None:
    """vault.md: Argon2id 64 MiB, t=3; tests lower the memory, never the default."""
    source = (settings.REPO / "src" / "config" / "settings.py").read_text()
    assert 'env.number("SIMPUL_ARGON_MEMORY", 64 * 1024 * 1024)' in source
    assert settings.ARGON_PASSES == 3


@given(st.binary(max_size=2000), st.binary(max_size=40))
def test_what_is_sealed_opens_only_at_its_place(plain: bytes, place: bytes) -> None:
    """The place is part of the seal; sizes come in steps of 256."""
    key = crypto.random()
    sealed = crypto.seal(key, plain, place)
    assert crypto.unseal(key, sealed, place) == plain
    assert (len(sealed) - 12 - 16) % 256 == 0
    with pytest.raises(Unopened):
        crypto.unseal(key, sealed, place + b"x")


def test_hpke_opens_only_with_its_info_and_key() -> None:
    """RFC 9180: info and recipient are bound."""
    one, other = Pair(uuid4(), crypto.random()), Pair(uuid4(), crypto.random())
    sealed = crypto.seal_to(one.public, b"key", b"here")
    assert one.open(sealed, b"here") == b"key"
    for pair, info in [(one, b"there"), (other, b"here")]:
        with pytest.raises(Unopened):
            pair.open(sealed, info)
    with pytest.raises(Unopened):
        one.open(b"\x02" + sealed[1:], b"here")


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_a_file_opens_whole_or_not_at_all(size: int) -> None:
    """STREAM: no chunk may be altered, swapped, dropped or repeated."""
    key, data = crypto.random(), bytes(size)
    sealed = crypto.seal_stream(key, data, b"here")
    assert crypto.unseal_stream(key, sealed, b"here") == data
    step = CHUNK + 16
    wrong = [
        sealed[:-1],
        sealed[:-step],
        sealed + sealed[:step],
        b"",
        sealed[:40] + b"?" + sealed[41:],
    ]
    if len(sealed) > step:
        wrong.append(sealed[step : 2 * step] + sealed[:step] + sealed[2 * step :])
    for bad in wrong:
        with pytest.raises(Unopened):
            crypto.unseal_stream(key, bad, b"here")


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_canonical_bytes_never_collide(one: list[str], other: list[str]) -> None:
    """Different parts give different bytes."""
    assert (crypto.canonical(*one) == crypto.canonical(*other)) == (one == other)
