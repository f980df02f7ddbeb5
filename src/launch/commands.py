"""The verbs of ./simpul."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from launch.voice import Refused, say
from simpul import VERSION

VERBS = {
    "demo": ("jaringan NTT rekaan, lengkap", "the whole thing, with invented people"),
    "up": ("sama, tanpa data rekaan", "the same without invented people"),
    "test": ("semua uji, atau yang diberikan ke pytest", "all tests, or what pytest is given"),
    "check": ("bentuk, tipe, aturan, teks", "format, types, contracts, texts"),
    "verify-chain": ("buktikan jejak audit utuh", "prove that the audit chain is whole"),
    "burn": ("keluarkan semua orang sekarang", "sign everybody out now; no session opens again"),
    "first-day": ("kunci akar mengesahkan administrator", "the root key confirms administrators"),
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
        if verb in {"demo", "up"}:
            one.add_argument("--host", default="127.0.0.1", help="alamat / address (%(default)s)")
            one.add_argument(
                "--port",
                type=int,
                default=8000,
                help="pintu umum; ruang kerja +1 / public door; workspace +1 (%(default)s)",
            )
        if verb == "doctor":
            one.add_argument("--json", action="store_true", help="untuk mesin / for machines")
        if verb == "directory":
            one.add_argument("--take-out", type=int, required=True, metavar="N")
    return whole


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
            case "demo" | "up":
                from launch import supervisor

                return supervisor.run(demo=given.verb == "demo", host=given.host, port=given.port)
            case "test":
                from launch import testing

                return testing.run(given.pytest)
            case "check":
                from launch import checks

                return checks.main()
            case "burn":
                return burn()
            case "verify-chain":
                return django("verify_chain")
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
    from launch import address, tether, var
    from launch.processes import environment, python

    tether.harden()
    place = var.folder()
    with address.at_hand(place) as database:
        surroundings = environment(place, "owner", database)
        return subprocess.run(python("django", *command), env=surroundings).returncode


def burn() -> int:
    """Drop the boot secrets first, then delete the session records."""
    from launch import control, var

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
