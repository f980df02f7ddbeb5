"""The recovery sheets: printed once, typed in when a backup is opened."""

import json
from pathlib import Path

from launch import var
from launch.voice import Refused, ask, say
from simpul.vault import recoverykey
from simpul.vault.crypto import Pair
from simpul.vault.recoverykey import Recipient, Unfit

NAME = "backup-recipient"
WRONG = {
    "mistyped": (
        "salah ketik; angka pemeriksanya tidak cocok",
        "mistyped: its check digits differ",
    ),
    "another split": ("dari kunci lain", "from another key"),
    "twice": ("dari pemegang yang sama", "from the same custodian again"),
    "another group": ("dari kelompok lain", "from another group"),
    "too few": ("belum cukup", "not enough sheets"),
    "another key": ("tidak membuka cadangan ini", "these do not open this backup"),
}


def recipient(place: Path) -> Recipient:
    """The key that this instance seals its backups to."""
    path = place / "secrets" / NAME
    if not path.exists():
        raise Refused(
            "Belum ada kunci pemulihan. Jalankan ./simpul backup-key dulu.",
            "There is no recovery key yet. Run ./simpul backup-key first.",
        )
    return recoverykey.recipient(json.loads(path.read_text()))


def make(place: Path, needed: int, of: int) -> int:
    """Make the recovery key, print the sheets once, keep its public half alone."""
    path = place / "secrets" / NAME
    if not var.kind_of(place):
        raise Refused(
            f"Belum ada apa-apa di {place}. Jalankan ./simpul up dulu.",
            f"There is nothing in {place} yet. Run ./simpul up first.",
        )
    if path.exists():
        raise Refused(
            f"Kunci pemulihan sudah ada. Untuk menggantinya, pindahkan dulu {path}.",
            f"There is a recovery key already. To replace it, move {path} away first.",
        )
    try:
        made, sheets = recoverykey.make(needed, of)
    except Unfit:
        raise Refused(
            f"Paling banyak {recoverykey.MOST} pemegang, dan yang perlu hadir tidak lebih dari itu.",
            f"At most {recoverykey.MOST} custodians, and no more needed than there are.",
        ) from None
    for custodian, lines in sheets.items():
        print(f"=== Lembar {custodian} dari {of}; perlu {needed} / sheet {custodian} of {of} ===")
        print(f"Sidik jari / fingerprint: {made.fingerprint}")
        print(*lines, "", sep="\n", flush=True)
    say("Cetak, bagikan, hapus dari layar", "Print them, hand them out, clear the screen")
    # Last: a key whose sheets were never shown must not be sealed to.
    var.write_once(path, json.dumps(made.said()))
    return 0


def pair(key: Recipient) -> Pair:
    """The private half, from as many sheets as are needed. Nothing typed is kept."""
    say(
        f"Kunci pemulihan {key.fingerprint}: perlu {key.needed} dari {key.of} lembar",
        f"{key.needed} of {key.of} sheets are needed",
    )
    group = "1"
    if key.of > 1:
        group = "-".join(
            sorted(ask("Nomor lembar yang ada", "numbers of the sheets at hand").split())
        )
    lines = [
        ask(f"Lembar {n}, baris {group}", f"sheet {n}, line {group}", hidden=True)
        for n in group.split("-")
    ]
    try:
        return recoverykey.join(key, lines)
    except Unfit as error:
        indonesian, english = WRONG[error.reason]
        which = f"Lembar ke-{error.which}: " if error.which else "Lembar: "
        raise Refused(f"{which}{indonesian}.", f"Sheet {error.which or ''}: {english}.") from None
