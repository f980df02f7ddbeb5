"""The pages of the network, as people use them from the invitation to the key."""

import re
from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from simpul.accounts.models import Session, User
from simpul.network import actions
from simpul.network.models import Agency, Desk, Invitation, Membership, Proposal
from simpul.vault import passphrases
from simpul.vault.models import AuditLine, Grant, KeyCopy
from tests.conftest import Cast, Door

SignIn = Callable[[str], Door]
PASSPHRASE = "sampan kelapa tenun pagi"


def text(answer: Any) -> str:
    """The page as a person reads it."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def value(answer: Any, name: str) -> str:
    """What a field of the page holds."""
    tag = re.search(rf'<input[^>]*name="{name}"[^>]*>', answer.content.decode())
    assert tag, name
    found = re.search(r'value="([^"]*)"', tag[0])
    return unescape(found[1]) if found else ""


def digits(answer: Any) -> str:
    """The check number on a page."""
    found = re.search(r"\d{5} \d{5} \d{5} \d{5}", text(answer))
    assert found
    return found[0]


@dataclass
class Guest:
    """Somebody with the address of an invitation."""

    path: str
    door: Door

    def open(self) -> Any:
        """Looks at the page."""
        return self.door.get(self.path)

    def send(self, page: Any, **more: Any) -> Any:
        """Fills the page in and sends it, with the code that her phone shows."""
        letters = re.search(r"<code[^>]*>([A-Z2-7 ]{30,})</code>", page.content.decode())
        assert letters
        secret = b32decode(letters[1].replace(" ", ""))
        step = int(timezone.now().timestamp()) // passphrases.STEP
        form = {
            "name": "Rambu Uji", "username": "rambu", "passphrase": PASSPHRASE,
            "again": PASSPHRASE, "totp": value(page, "totp"),
            "code": passphrases.code_at(secret, step), **more,
        }  # fmt: skip
        self.secret = secret
        return self.door.post(self.path, form)


def invite(door: Door, place: Desk | Agency) -> Guest:
    """An administrator invites on the page; the guest gets the address."""
    form = door.get("/network/invite/")
    answer = door.post("/network/invite/", {"ref": value(form, "ref"), "place": str(place.ref)})
    link = re.search(r"<code>(http://[^<]+)</code>", answer.content.decode())
    assert link, text(answer)
    return Guest(urlsplit(link[1]).path, Door("workspace"))


# --- What everybody sees -------------------------------------------------------------------------


def test_everybody_sees_desks_and_nobody_sees_names(cast: Cast, sign_in: SignIn) -> None:
    for who in ("clinic", "stranger", "root-two"):
        door = sign_in(who)
        page = door.get("/network/")
        assert page.status_code == 200
        assert "Meja Kosong Uji" in text(page) and "belum punya kunci" in text(page)
        assert text(page).count("siap") == 5
        for name in ("Mera I", "Noka F", "Yasi A"):
            assert name not in text(page)


@pytest.mark.parametrize("who", ["clinic", "stranger"])
@pytest.mark.parametrize(
    "path", ["invite/", "agencies/new/", "desks/new/", "proposals/"], ids=lambda p: p
)
def test_the_pages_of_administrators_are_theirs(
    cast: Cast, sign_in: SignIn, who: str, path: str
) -> None:
    assert sign_in(who).get(f"/network/{path}").status_code == 403
    assert sign_in(who).post(f"/network/{path}").status_code == 403
    assert AuditLine.objects.filter(event="site.refused").exists()


def test_nothing_opens_without_signing_in(cast: Cast) -> None:
    for path in ("", "people/", "keys/", "invite/", "proposals/"):
        assert Door("workspace").get(f"/network/{path}").status_code == 401


def test_colleagues_see_each_other_and_administrators_their_scope(
    cast: Cast, sign_in: SignIn
) -> None:
    page = text(sign_in("intake").get("/network/people/"))
    assert "Tilo I" in page and "Mera C" not in page and "Akhiri tugas" not in page
    page = text(sign_in("root-one").get("/network/people/"))
    assert "Tilo I" in page and "Mera C" in page and "Akhiri tugas" in page and "Bora A" in page


# --- From the invitation to the key --------------------------------------------------------------


def test_a_person_comes_to_a_desk(cast: Cast, sign_in: SignIn) -> None:
    first, second, colleague = sign_in("root-one"), sign_in("root-two"), sign_in("clinic")
    guest = invite(first, cast.desk("clinic"))
    joined = guest.send(guest.open())
    assert joined.status_code == 200
    assert "Dua administrator perlu menandatangani. Lalu rekan memberi kunci." in text(joined)
    number = digits(joined)
    proposal = Proposal.objects.get(user__username="rambu")
    path = f"/network/proposals/{proposal.ref}/"

    page = first.get(path)
    assert "Menerima Rambu Uji di Layanan Medis Uji" in text(page)
    assert digits(page) == number, "what she reads out is what they sign"
    assert first.post(path).status_code == 302
    assert first.post(path).status_code == 302, "pressed twice"
    assert "Anda sudah menandatangani" in text(first.get(path))
    assert not Membership.objects.filter(user__username="rambu").exists()
    assert "Yasi A" in text(second.get("/network/proposals/"))
    second.post(path)
    assert "Baru disahkan" in text(second.get("/network/proposals/"))
    membership = Membership.objects.get(user__username="rambu")

    own = guest.door
    now = int(timezone.now().timestamp()) // passphrases.STEP + 1
    entry = {"username": "rambu", "passphrase": PASSPHRASE}
    entry["code"] = passphrases.code_at(guest.secret, now)
    assert own.post("/accounts/sign-in/", entry).status_code == 302
    assert "Minta rekan di meja itu" in text(own.get("/network/keys/"))
    assert digits(own.get("/accounts/me/")) == number

    assert "Rambu Uji" in text(colleague.get("/network/keys/"))
    path = f"/network/keys/{membership.ref}/hand-over/"
    assert digits(colleague.get(path)) == number
    assert colleague.post(path).status_code == 422, "she must say that she knows her"
    assert not KeyCopy.objects.filter(holder=membership.user.keypair).exists()
    assert colleague.post(path, {"known": "on"}).status_code == 302
    assert "Tidak ada yang perlu dilakukan" in text(own.get("/network/keys/"))
    assert "Layanan Medis Uji" in text(own.get("/accounts/me/"))


def test_the_first_member_of_a_desk_makes_its_key(cast: Cast, sign_in: SignIn) -> None:
    first, second = sign_in("root-one"), sign_in("root-two")
    guest = invite(first, cast.desk("empty"))
    guest.send(guest.open())
    user = User.objects.get(username="rambu")

    def sign_all() -> None:
        for proposal in Proposal.objects.filter(taken_at=None):
            for door in (first, second):
                assert door.post(f"/network/proposals/{proposal.ref}/").status_code == 302

    sign_all()
    step = int(timezone.now().timestamp()) // passphrases.STEP + 1
    code = passphrases.code_at(guest.secret, step)
    guest.door.post(
        "/accounts/sign-in/", {"username": "rambu", "passphrase": PASSPHRASE, "code": code}
    )
    page = guest.door.get("/network/keys/")
    assert "Buat kunci meja" in text(page)
    path = f"/network/keys/{cast.desk('empty').ref}/make/"
    assert guest.door.post(path).status_code == 302
    assert "Menunggu dua tanda tangan" in text(guest.door.get("/network/keys/"))
    waiting = digits(guest.door.get("/network/keys/"))
    assert guest.door.post(path).status_code == 422
    assert sign_in("clinic").post(path).status_code == 404
    desk_key = Proposal.objects.get(kind="desk", taken_at=None)
    assert "Mengesahkan kunci Meja Kosong Uji" in text(
        first.get(f"/network/proposals/{desk_key.ref}/")
    )
    assert digits(first.get(f"/network/proposals/{desk_key.ref}/")) == waiting
    sign_all()
    assert cast.desk("empty").is_ready
    assert "Tidak ada yang perlu dilakukan" in text(guest.door.get("/network/keys/"))
    assert KeyCopy.objects.filter(holder=user.keypair).count() == 1


def test_an_administrator_is_invited_for_an_agency(cast: Cast, sign_in: SignIn) -> None:
    first, second = sign_in("root-one"), sign_in("root-two")
    guest = invite(first, cast.agency("hospital"))
    assert "Menjadi administrator RSUD Uji" in text(guest.open())
    guest.send(guest.open())
    proposal = Proposal.objects.get(kind="admin", taken_at=None)
    for door in (first, second):
        door.post(f"/network/proposals/{proposal.ref}/")
    assert "Rambu Uji" in text(first.get("/network/people/"))


def test_a_further_desk_waits_for_signatures(cast: Cast, sign_in: SignIn) -> None:
    door, row = sign_in("root-one"), Membership.objects.get(user=cast.user("clinic"))
    path = f"/network/people/{row.ref}/desk/"
    assert door.post(path, {"desk": str(cast.desk("empty").ref)}).status_code == 302
    assert Proposal.objects.get(taken_at=None).user == cast.user("clinic")
    again = door.post(path, {"desk": str(cast.desk("empty").ref)})
    assert again.status_code == 422 and "menunggu tanda tangan" in text(again)
    assert sign_in("clinic").get(path).status_code == 403


# --- Joining -------------------------------------------------------------------------------------


def test_the_code_is_shown_once(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("root-one")
    form = {
        "ref": value(door.get("/network/invite/"), "ref"),
        "place": str(cast.desk("clinic").ref),
    }
    page = text(door.post("/network/invite/", form))
    assert "/network/join/" in page and "7 hari" in page and "telepon" in page
    again = door.post("/network/invite/", form)
    assert again.status_code == 422 and "/network/join/" not in text(again)
    assert Invitation.objects.filter(user=None).count() == 1


def test_what_is_wrong_keeps_everything_but_the_passphrases(cast: Cast, sign_in: SignIn) -> None:
    guest = invite(sign_in("root-one"), cast.desk("clinic"))
    page = guest.open()
    picture = re.search(r'src="(data:image/svg[^"]+)"', page.content.decode())
    assert picture
    wrong = guest.send(page, code="000000")
    assert wrong.status_code == 422 and "belum cocok" in text(wrong)
    assert value(wrong, "name") == "Rambu Uji" and value(wrong, "username") == "rambu"
    assert PASSPHRASE not in wrong.content.decode()
    assert picture[1] in wrong.content.decode(), "the phone need not scan again"
    short = guest.send(wrong, passphrase="pendek", again="pendek")
    assert "14 huruf" in text(short)
    other = guest.send(short, again=PASSPHRASE + "x")
    assert "belum sama" in text(other)
    taken = guest.send(other, username="intake")
    assert "sudah dipakai" in text(taken)
    odd = guest.send(taken, username="Rambu Uji!")
    assert "Tanpa spasi" in text(odd)
    assert guest.send(odd).status_code == 200


def test_a_second_factor_of_another_invitation_is_not_taken(cast: Cast, sign_in: SignIn) -> None:
    one, other = (invite(sign_in("root-one"), cast.desk("clinic")) for _place in range(2))
    page = one.open()
    for hidden in (value(other.open(), "totp"), "invented", "", "é"):
        answer = one.send(page, totp=hidden)
        assert answer.status_code == 422 and "Pindai kode QR yang baru" in text(answer)
    assert not User.objects.filter(username="rambu").exists()


def test_the_code_that_proved_the_phone_does_not_sign_in(cast: Cast, sign_in: SignIn) -> None:
    guest = invite(sign_in("root-one"), cast.desk("clinic"))
    guest.send(guest.open())
    used = User.objects.get(username="rambu").used_step
    entry = {"username": "rambu", "passphrase": PASSPHRASE}
    entry["code"] = passphrases.code_at(guest.secret, used)
    assert guest.door.post("/accounts/sign-in/", entry).status_code == 422


def test_used_late_and_invented_codes_look_the_same(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("root-one")
    used, late = (invite(door, cast.desk("clinic")) for _place in range(2))
    page = used.open()
    used.send(page)
    Invitation.objects.filter(user=None).update(until_at=timezone.now() - timedelta(seconds=1))
    invented = Guest(f"/network/join/{'0' * 32}/", Door("workspace"))
    answers = [guest.open() for guest in (used, late, invented)]
    answers += [guest.send(page) for guest in (used, late, invented)]
    assert {answer.status_code for answer in answers} == {404}
    pages = {
        re.sub(r"/network/join/\w+/", "…", answer.content.decode()) for answer in answers
    }  # fmt: skip
    assert len(pages) == 1


def test_joining_begins_no_session(cast: Cast, sign_in: SignIn) -> None:
    guest = invite(sign_in("root-one"), cast.desk("clinic"))
    before = Session.objects.count()
    answers = [guest.open(), guest.send(guest.open(), code="1"), guest.send(guest.open())]
    assert not any(answer.cookies for answer in answers)
    assert Session.objects.count() == before


def test_another_site_cannot_fill_in_an_invitation(cast: Cast, sign_in: SignIn) -> None:
    guest = invite(sign_in("root-one"), cast.desk("clinic"))
    assert guest.door.post(guest.path, {}, HTTP_ORIGIN="https://example.org").status_code == 403


# --- Building and leaving ------------------------------------------------------------------------


def test_an_agency_and_its_desk_are_added_once(cast: Cast, sign_in: SignIn) -> None:
    door = sign_in("root-one")
    page = door.get("/network/agencies/new/")
    form = {
        "ref": value(page, "ref"), "parent": str(cast.agency("dinas").ref), "type": "biro",
        "name": "Bidang Baru Uji", "region": "53.71",
    }  # fmt: skip
    assert door.post("/network/agencies/new/", form | {"name": ""}).status_code == 422
    for _again in range(2):
        assert door.post("/network/agencies/new/", form).status_code == 302
    agency = Agency.objects.get(name="Bidang Baru Uji")
    assert agency.line == [*cast.agency("dinas").line, agency.pk]
    page = door.get("/network/desks/new/")
    form = {
        "ref": value(page, "ref"), "agency": str(agency.ref), "duty": "focal_point",
        "name": "Meja Baru Uji", "receiving": "on",
    }  # fmt: skip
    for _again in range(2):
        assert door.post("/network/desks/new/", form).status_code == 302
    desk = Desk.objects.get(name="Meja Baru Uji")
    assert desk.receiving and not desk.fallback and not desk.is_ready
    page = text(door.get("/network/"))
    assert page.index("Dinas Uji") < page.index("Bidang Baru Uji") < page.index("Meja Baru Uji")


def test_a_removal_asks_first_and_then_happens_at_once(cast: Cast, sign_in: SignIn) -> None:
    admin, leaver = sign_in("root-one"), sign_in("leaver")
    row = Membership.objects.get(user=cast.user("leaver"))
    path = f"/network/people/{row.ref}/remove/"
    assert "Semua sesinya berakhir sekarang" in text(admin.get(path))
    assert leaver.get("/network/").status_code == 200
    assert admin.post(path).status_code == 302
    assert leaver.get("/network/").status_code == 401
    assert admin.post(path).status_code == 404
    assert "Yasi L" not in text(admin.get("/network/people/"))


def test_an_administrator_is_dismissed_when_two_others_stay(cast: Cast, sign_in: SignIn) -> None:
    one, other = sign_in("root-one"), sign_in("root-two")
    path = f"/network/people/administrators/{cast.user('root-two').keypair_id}/remove/"
    assert other.get(path).status_code == 403, "nobody dismisses herself"
    assert sign_in("clinic").get(path).status_code == 404
    assert "tidak mengundang dan menandatangani lagi" in text(one.get(path))
    stays = one.post(path)
    assert stays.status_code == 422 and "Dua administrator harus tetap ada" in text(stays)
    guest = invite(one, cast.agency("network"))
    guest.send(guest.open())
    for door in (one, other):
        door.post(f"/network/proposals/{Proposal.objects.get(taken_at=None).ref}/")
    assert one.post(path).status_code == 302
    assert other.get("/network/").status_code == 401
    assert sign_in("root-two").get("/network/proposals/").status_code == 403


@pytest.mark.parametrize("who", ["shelter", "clinic", "stranger"])
def test_a_member_removes_nobody(cast: Cast, sign_in: SignIn, who: str) -> None:
    row = Membership.objects.get(user=cast.user("leaver"))
    answer = sign_in(who).post(f"/network/people/{row.ref}/remove/")
    assert answer.status_code == (403 if who == "shelter" else 404)
    assert Membership.objects.get(pk=row.pk).until_at is None


def test_a_tampered_statement_stops_with_a_clear_page(cast: Cast, sign_in: SignIn) -> None:
    first, second = sign_in("root-one"), sign_in("root-two")
    guest = invite(first, cast.desk("clinic"))
    guest.send(guest.open())
    proposal = Proposal.objects.get(taken_at=None)
    first.post(f"/network/proposals/{proposal.ref}/")
    Proposal.objects.update(payload=proposal.payload.replace('"public":"', '"public":"00'))
    answer = second.post(f"/network/proposals/{proposal.ref}/")
    assert answer.status_code == 503
    assert "Daftar kunci di server tidak cocok" in text(answer)
    assert not Membership.objects.filter(user__username="rambu").exists()


@pytest.mark.parametrize("path", ["", "people/", "keys/", "proposals/", "invite/"])
def test_the_pages_open_in_english_too(cast: Cast, sign_in: SignIn, path: str) -> None:
    assert sign_in("root-one").get(f"/en/network/{path}").status_code == 200


def test_a_member_renews_the_key_and_seals_anew(cast: Cast, sign_in: SignIn) -> None:
    """The home page says that a colleague has left; two presses later nothing is under the old key."""
    cast.open_case(cast.file())
    door = sign_in("intake")
    assert "perlu diperbarui" not in text(door.get("/"))
    with cast.acting("root-one") as actor:
        gone = Membership.objects.select_related("desk__agency", "user").get(
            user=cast.user("colleague"), until_at=None
        )
        actions.remove(actor=actor, membership=gone, now=timezone.now())
    assert "perlu diperbarui" in text(door.get("/"))
    desk = cast.desk("intake")
    assert "Ada rekan yang sudah pergi" in text(door.get("/network/keys/"))
    address = f"/network/keys/{desk.ref}/"
    assert "Siapa yang sudah pergi" in text(door.get(f"{address}renew/"))
    assert desk.keypair_id == cast.desk("intake").keypair_id, "looking changes nothing"
    answer = door.post(f"{address}renew/", {})
    assert answer.status_code == 302 and answer.headers["Location"] == f"{address}reseal/"
    page = text(door.get(f"{address}reseal/"))
    assert "0 dari" in page and "Mulai" in page
    assert "Selesai." in text(door.post(f"{address}reseal/", {"first": "x"}))
    assert "perlu diperbarui" not in text(door.get("/"))
    assert not Grant.objects.filter(recipient=desk.keypair_id).exclude(state="ended").exists()


def test_the_key_of_a_foreign_desk_is_not_there(cast: Cast, sign_in: SignIn) -> None:
    """Nor is the work on it; the refusal is recorded also where a page opens its own transactions."""
    door = sign_in("clinic")
    for path in ("renew/", "reseal/"):
        address = f"/network/keys/{cast.desk('intake').ref}/{path}"
        assert door.get(address).status_code == door.post(address, {}).status_code == 404
    assert AuditLine.objects.filter(event="site.refused").count() == 4


def test_a_person_who_forgot_her_passphrase_comes_back(cast: Cast, sign_in: SignIn) -> None:
    """From the button beside her name to the pages of her desk; two sign, a colleague hands over."""
    first, second = sign_in("root-one"), sign_in("root-two")
    user = cast.user("intake")
    assert "Lupa kata sandi" in text(first.get("/network/people/"))
    assert "Lupa kata sandi" not in text(sign_in("clinic").get("/network/people/"))
    address = f"/network/people/{user.keypair_id}/back/"
    assert sign_in("clinic").get(address).status_code == 404
    assert "Pastikan dulu" in text(first.get(address))
    assert not Invitation.objects.filter(returning=user).exists(), "looking invites nobody"
    link = re.search(r"<code>(http://[^<]+)</code>", first.post(address, {}).content.decode())
    assert link
    guest = Guest(urlsplit(link[1]).path, Door("workspace"))
    page = guest.open()
    assert "Nama pengguna Anda tetap: intake" in text(page) and "Nama Anda" not in text(page)
    assert guest.send(page, code="000000").status_code == 422
    joined = guest.send(guest.open())
    assert joined.status_code == 200 and "Kunci baru Anda sudah dibuat" in text(joined)
    assert guest.open().status_code == 404
    proposal = Proposal.objects.get(user=user, kind="rekey")
    for door in (first, second):
        page = door.get(f"/network/proposals/{proposal.ref}/")
        assert "yang kehilangan kata sandi" in text(page) and digits(page) == digits(joined)
        assert door.post(f"/network/proposals/{proposal.ref}/").status_code == 302
    step = int(timezone.now().timestamp()) // passphrases.STEP + 1
    entry = {"username": "intake", "passphrase": PASSPHRASE}
    entry["code"] = passphrases.code_at(guest.secret, step)
    assert guest.door.post("/accounts/sign-in/", entry).status_code == 302
    assert "Minta rekan di meja itu" in text(guest.door.get("/network/keys/"))
