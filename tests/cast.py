"""The cast: who takes part in the tests. Founded by the real ceremony, once, into the template.

Shelter and Clinic may work together; Intake may receive but not manage; Stranger has an account
and no membership; Reporter has a receipt and no account.
"""

import json
import os
from pathlib import Path
from typing import Any

PLAN: dict[str, Any] = {
    "agency": [
        {"key": "network", "parent": "", "kind": "network", "type": "ngo", "region": "53",
         "name": "Jejaring Uji"},
        {"key": "uptd", "parent": "network", "kind": "member", "type": "uptd_ppa", "region": "53.71",
         "name": "UPTD Uji"},
        {"key": "dinas", "parent": "network", "kind": "member", "type": "dinas", "region": "53",
         "name": "Dinas Uji"},
        {"key": "bidang", "parent": "dinas", "kind": "node", "type": "biro", "region": "53",
         "name": "Bidang Uji"},
        {"key": "hospital", "parent": "network", "kind": "member", "type": "rsud",
         "region": "53.71", "name": "RSUD Uji"},
        {"key": "shelter", "parent": "network", "kind": "member", "type": "shelter",
         "region": "53.71", "name": "Rumah Aman Uji"},
        {"key": "province", "parent": "network", "kind": "member", "type": "uptd_ppa",
         "region": "53", "name": "UPTD Provinsi Uji"},
    ],
    "desk": [
        {"key": "intake", "agency": "uptd", "name": "Pengaduan Uji", "duty": "complaints",
         "receiving": True},
        {"key": "office", "agency": "bidang", "name": "Fokal Poin Bidang Uji",
         "duty": "focal_point", "receiving": True},
        {"key": "fallback", "agency": "province", "name": "Pengaduan Provinsi Uji",
         "duty": "complaints", "receiving": True, "fallback": True},
        {"key": "clinic", "agency": "hospital", "name": "Layanan Medis Uji", "duty": "medical"},
        {"key": "shelter", "agency": "shelter", "name": "Rumah Aman Uji", "duty": "shelter"},
        {"key": "empty", "agency": "hospital", "name": "Meja Kosong Uji", "duty": "legal_aid"},
    ],
    "person": [
        {"key": key, "username": key, "name": name, "passphrase": f"kata sandi milik {key}",
         "memberships": desks, "admin_of": admin}
        for key, name, desks, admin in [
            ("root-one", "Yasi A", [], ["network"]),
            ("root-two", "Bora A", [], ["network"]),
            ("intake", "Mera I", ["intake"], []),
            ("colleague", "Tilo I", ["intake"], []),
            ("office", "Lendi O", ["office"], []),
            ("fallback", "Noka F", ["fallback"], []),
            ("clinic", "Mera C", ["clinic"], []),
            ("shelter", "Tilo S", ["shelter"], []),
            ("leaver", "Yasi L", ["shelter"], []),
        ]
    ],
}  # fmt: skip


def make() -> None:
    """Founds the cast in the database of the environment and writes down its secrets."""
    import django

    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from simpul.accounts.actions import Anyone, make_account
    from simpul.network import access
    from simpul.reports.actions import pledges
    from simpul.site import founding
    from simpul.vault import passphrases

    with transaction.atomic():
        made = founding.found(PLAN, timezone.now())
        derived = passphrases.derive_passphrase("kata sandi milik stranger")
        totp = passphrases.new_totp()
        user, pair = make_account(
            actor=Anyone(), username="stranger", name="Bora X", derived=derived, totp=totp
        )
        made.people["stranger"] = founding.Person(user, "kata sandi milik stranger", totp, pair)
        for person in made.people.values():  # who has not is in tests/reports/test_guardrails.py
            actor = access.get_actor(person.user, person.pair.seed)
            pledges.acknowledge(actor=actor, now=timezone.now())
    secrets = {
        key: {"seed": p.pair.seed.hex(), "passphrase": p.passphrase, "totp": p.totp.hex()}
        for key, p in made.people.items()
    }
    cast = {
        "people": secrets,
        "users": {key: p.user.pk for key, p in made.people.items()},
        "desks": {key: d.pk for key, d in made.desks.items()},
        "agencies": {key: a.pk for key, a in made.agencies.items()},
    }
    (Path(os.environ["SIMPUL_VAR"]) / "cast.json").write_text(json.dumps(cast))


if __name__ == "__main__":
    make()
