"""The verbs of ./simpul."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from launch import var
from launch.voice import Refused, say
from simpul import VERSION

VERBS = {
    "demo": ("jaringan NTT rekaan, lengkap", "the whole thing, with invented people"),
    "up": ("sama, tanpa data rekaan", "the same without invented people"),
    "standby": ("mesin kedua: ikuti yang pertama", "the second machine: follow the first"),
    "promote": ("mesin kedua memimpin", "the second machine leads from now on"),
    "pair": ("dua mesin: keadaan, together, alone", "two machines: state, together, alone"),
    "test": ("semua uji, atau yang diberikan ke pytest", "all tests, or what pytest is given"),
    "check": ("bentuk, tipe, aturan, teks", "format, types, contracts, texts"),
    "verify-chain": ("buktikan jejak audit utuh", "prove that the audit chain is whole"),
    "anchor": ("ujung jejak audit, untuk buku", "the audit chain's end, for a book"),
    "burn": ("keluarkan semua orang sekarang", "sign everybody out now; no session opens again"),
    "first-day": ("kunci akar mengesahkan administrator", "the root key confirms administrators"),
    "backup-key": (
        "buat kunci pemulihan, cetak lembarnya",
        "make the recovery key and its sheets",
    ),
    "backup": ("cadangkan basis data, tersegel", "a sealed backup of the database"),
    "restore": ("pulihkan ke map kosong", "restore a backup into an empty folder"),
    "re-pin": ("sahkan basis data yang lebih tua", "two administrators confirm an older database"),
    "drill": ("latihan: cadangkan, pulihkan, bandingkan", "back up, restore beside, compare"),
    "install": ("pasang saja, jangan jalankan", "install, and start nothing"),
    "doctor": ("apa yang salah dan apa obatnya", "what is wrong and what to do"),
    "directory": ("keluarkan entri tanpa tanda tangan", "take out unsigned entries"),
    "codes": ("kode masuk untuk contoh", "the sign-in codes of the demo"),
}
FOR_DEVELOPERS = {"test", "check"}


class Parser(argparse.ArgumentParser):
    """Says what is not understood in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2; argparse's own words are not for everybody."""
        typed = " ".join(sys.argv[1:])
        print(f"Perintah ini tidak dikenal: {typed}. Coba: ./simpul --help", file=sys.stderr)
        print("This command is not known. Try: ./simpul --help", file=sys.stderr)
        sys.exit(2)


def parser() -> Parser:
    """What ./simpul understands."""
    whole = Parser(
        prog="./simpul",
        description="Simpul: melapor dengan aman, satu pemilik, serah terima yang hangat.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"Simpul {VERSION}")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (indonesian, english) in VERBS.items():
        one = verbs.add_parser(verb, prog=f"./simpul {verb}", help=f"{indonesian} / {english}")
        if verb == "pair":
            one.add_argument(
                "what", nargs="?", choices=("show", "together", "alone"), default="show"
            )
        if verb in {"demo", "up", "standby"}:
            one.add_argument("--host", default="127.0.0.1", help="alamat / address (%(default)s)")
            one.add_argument(
                "--port",
                type=int,
                default=8000,
                help="pintu umum; ruang kerja +1 / public door; workspace +1 (%(default)s)",
            )
        elif verb == "verify-chain":
            one.add_argument(
                "--anchor", action="append", default=[], metavar="FILE|NUMBER:CHECK",
                help="jangkar dari luar / an anchor from elsewhere",
            )  # fmt: skip
        elif verb == "anchor":
            one.add_argument(
                "--accept", action="store_true",
                help="setelah pemulihan / after a restore: accept the end as it is",
            )  # fmt: skip
        elif verb == "doctor":
            one.add_argument("--json", action="store_true", help="untuk mesin / for machines")
        elif verb == "directory":
            one.add_argument("--take-out", type=int, required=True, metavar="N")
        if add := WORDS.get(verb):
            add(one)
    return whole


def _backup_key(one: argparse.ArgumentParser) -> None:
    one.add_argument("--needed", type=int, default=1, help="lembar yang perlu / sheets needed")
    one.add_argument("--of", type=int, default=1, help="pemegang / custodians")


def _backup(one: argparse.ArgumentParser) -> None:
    one.add_argument("target", nargs="?", help="berkas atau map / file or folder")
    one.add_argument(
        "--secrets", action="store_true", help="rahasia, terpisah / the secrets, apart"
    )


def _restore(one: argparse.ArgumentParser) -> None:
    one.add_argument("file", help="cadangan basis data / backup of the database")
    one.add_argument("--secrets", required=True, help="cadangan rahasia / backup of the secrets")
    one.add_argument("--tombstones", help="catatan pencabutan / log of endings; none")


def _drill(one: argparse.ArgumentParser) -> None:
    one.add_argument("--member", help="nama masuk yang membuka contoh / who opens a sample")


WORDS = {"backup-key": _backup_key, "backup": _backup, "restore": _restore, "drill": _drill}


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the words after ./simpul; what follows `test` is for pytest."""
    whole = parser()
    given, rest = whole.parse_known_args(arguments)
    if rest and given.verb != "test":
        whole.error("")
    given.pytest = rest
    return given


def main(arguments: list[str]) -> int:
    """Do what the verb says; give back the exit code."""
    given = parse(arguments)
    try:
        match given.verb:
            case "demo" | "up" | "standby":
                from launch import supervisor

                return supervisor.run(given.verb, host=given.host, port=given.port)
            case "promote":
                return paired("promote")
            case "pair":
                return paired(given.what)
            case "test":
                from launch import testing

                return testing.run(given.pytest)
            case "check":
                from launch import checks

                return checks.main()
            case "burn":
                return burn()
            case "backup-key":
                from launch import sheets

                return sheets.make(var.folder(), given.needed, given.of)
            case "backup":
                from launch import backup

                return backup.run(given.target, secrets=given.secrets)
            case "restore":
                from launch import restore

                return restore.run(given.file, given.secrets, given.tombstones)
            case "re-pin":
                return re_pin()
            case "drill":
                from launch import drill

                return drill.run(given.member)
            case "verify-chain":
                return django("verify_chain", *(f"--anchor={one}" for one in given.anchor))
            case "anchor":
                return django("anchor", *(["--accept"] if given.accept else []))
            case "install":
                from launch import catalogues

                catalogues.compile_()
                return 0
            case "doctor":
                from launch import doctor

                return doctor.run(as_json=given.json)
            case "directory":
                return django("directory", "--take-out", str(given.take_out))
            case "first-day":
                return django("first_day", "--sign")
            case _:
                return django("codes")
    except Refused as reason:
        print(reason, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def django(*command: str) -> int:
    """Run a command of the product beside the running instance, or with its database alone."""
    from launch import address, tether
    from launch.processes import environment, python

    tether.harden()
    place = var.folder()
    with address.at_hand(place) as database:
        surroundings = environment(place, "owner", database)
        return subprocess.run(python("django", *command), env=surroundings).returncode


def re_pin() -> int:
    """Bring a database that was restored behind our back together with what `var/` remembers."""
    from launch import address, restore, tether

    tether.harden()
    place = var.folder()
    # While nobody is served: the doors have verified the newer directory and would go on with it.
    with var.held(place):
        pass
    with address.at_hand(place) as database:
        restore.step(place, database, "prepare", "--restoring")
        restore.step(place, database, "settle")
    return 0


def paired(what: str) -> int:
    """Do what a person decided about two machines, beside the running instance."""
    from launch import standby, tether

    tether.harden()
    {
        "show": standby.show,
        "together": standby.together,
        "alone": standby.alone,
        "promote": standby.promote,
    }[what](var.folder())
    return 0


def burn() -> int:
    """Drop the boot secrets first, then delete the session records."""
    from launch import control

    code = 0
    for door in ("public", "workspace"):
        path: Path = control.address(var.folder(), door)
        try:
            said = control.ask(path, "burn")
        except (FileNotFoundError, ConnectionRefusedError):
            continue  # closed: its secret is gone already
        except OSError as error:
            said = str(error)
        if said != "ok":
            code = 1
            say(f"Pintu {door} belum menjawab: {said}", f"The door {door} did not answer")
    code = django("burn") or code
    if not code:
        say("Semua orang sudah keluar", "Everybody is signed out")
    return code
