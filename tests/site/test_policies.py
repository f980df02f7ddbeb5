"""Who may touch what in PostgreSQL, listed whole; and what the public functions refuse.

A new table, function or right fails a test here until somebody has written down why it is there.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from simpul.cases.actions import consents, documents, files, search
from simpul.cases.identity import Card
from simpul.cases.models import Case, Identity, Pending, Shard
from simpul.referrals import actions as referrals
from simpul.referrals.actions import Need
from simpul.referrals.models import Referral
from simpul.reports import actions as reports
from simpul.reports.models import Message, Part, Question, Report
from simpul.vault import context, crypto, envelopes, receipts, rows
from simpul.vault.crypto import Pair
from simpul.vault.fields import SealedField
from simpul.vault.models import Envelope, Grant, KeyPair
from simpul.vault.receipts import Opened
from tests.conftest import Cast, Receipt

OWNER = "simpul_owner"
SERVING = ("simpul_workspace", "simpul_public", "simpul_worker")
ROLES = (*SERVING, "simpul_backup")

# Tables that every row-level policy leaves alone, each with its reason.
WITHOUT_POLICIES = {
    "network_region": "reference data: provinces, regencies and cities",
    "network_agency": "public: who belongs to the network",
    "network_desk": "public: where one can turn to; sealing asks the signed directory, not this row",
    "network_membership": "who works where is known to all colleagues; the public door has no right",
    "network_administrator": "who signs is known to all colleagues; the public door has no right",
    "network_invitation": "holds hashes of codes; the public door has no right",
    "network_recovery": "everybody concerned must see it and may refuse; parts lie in other tables",
    "network_proposal": "waits for signatures that every reader checks; the public door has no right",
    "accounts_user": "names of colleagues are known to colleagues; the public door has no right",
    "accounts_slowdown": "keyed by a MAC; says nothing of who tried",
    "vault_keypair": "public keys: whoever seals must be able to read them",
    "vault_directoryentry": "signed statements about public keys: whoever seals must check them",
    "django_migrations": "Django's own: which migrations have run",
    "django_content_type": "Django's own: names of models",
    "auth_group": "Django's own, always empty",
    "auth_group_permissions": "Django's own, always empty",
    "auth_permission": "Django's own: names of rights that nobody uses",
}

# Every function of the schema that a role may execute. Triggers' functions are in no list.
CONTEXT = {"simpul_desks", "simpul_person", "simpul_receipt", "simpul_door"}
EXECUTABLE = {
    "simpul_workspace": CONTEXT
    | {
        "public_file_report",  # a walk-in
        "cases_names_anew", "network_entrusted", "vault_forget_epochs", "vault_reseal",
        "vault_stale", "vault_stale_count",
        "reports_tells_person", "referrals_wake", "referrals_withdraw", "simpul_supervises", "vault_audit",
        "vault_leads", "vault_versions", "wording_keeps",
        "reports_pass_on", "reports_release", "simpul_is",
        "reports_erase", "reports_refuse_erasure", "reports_handled",
    },
    "simpul_public": CONTEXT
    | {
        "public_attach", "public_attachments", "public_consents", "public_envelopes",
        "public_file_report", "public_grants", "public_hand_off", "public_messages", "public_next_actions",
        "public_own", "public_own_case", "public_parts", "public_reads", "public_referrals",
        "public_reopen", "public_replace_receipt", "public_reply_due", "public_reports_back",
        "public_send",
        "public_withdraw_consent", "public_withdraw_report", "vault_audit",
        "public_answer_question", "public_escalations", "public_questions",
        "public_ask_erasure", "public_cancel_erasure", "public_close_part", "public_come_back",
        "public_erasures", "public_freeze", "public_has_case", "public_message_due", "public_move",
        "public_open_part", "public_thaw",
    },
    "simpul_worker": CONTEXT
    | {
        "vault_audit", "worker_alarms", "worker_coverings", "worker_drop_unfinished",
        "worker_erasable", "worker_erase", "worker_escalate", "worker_expire", "worker_late", "worker_wake",
    },
    "simpul_backup": CONTEXT,
}  # fmt: skip

READ = {"SELECT"}
REFERENCE = {
    "network_region", "network_agency", "network_desk", "directory_service", "vault_keypair",
    "vault_directoryentry", "django_migrations",
}  # fmt: skip
# All rights on tables of the roles that hold few: table → rights, or columns where not all.
PUBLIC_RIGHTS = dict.fromkeys(REFERENCE, READ) | {
    "accounts_session": {"SELECT", "INSERT", "UPDATE", "DELETE"},
    "wording_edition": READ,
    "wording_recording": READ,
}
WORKER_RIGHTS = dict.fromkeys(REFERENCE, READ) | {
    "vault_auditpending": {"SELECT", "DELETE"},
    "vault_auditline": READ,
    "vault_auditlink": {"SELECT", "INSERT"},
    "vault_audithead": {"SELECT", "INSERT"},
    "network_alarmcursor": READ,
    "accounts_session": {"DELETE"},
}
WORKER_COLUMNS = {
    "accounts_session": {"place", "door", "expires_at"},
    "cases_document": {"ref", "begun_at", "finished_at"},
    "clocks_clock": {
        "ref", "rule", "subject", "desk_id", "started_at", "due_at", "stopped_at", "missed_at",
    },
}  # fmt: skip
# What the workspace may take away for good: nothing that is content, a grant or a trace.
WORKSPACE_DELETES = {
    "accounts_session", "accounts_slowdown", "directory_service", "network_administrator",
    "network_proposal", "network_share",
    "vault_passkey", "vault_recoverycode",
    "cases_pending",
}  # fmt: skip
# What shows rows although the request has no context, and why.
SEEN_WITHOUT_CONTEXT = {
    ("simpul_workspace", "accounts_session"): "a session is found before anybody is known",
    ("simpul_public", "accounts_session"): "a session is found before the receipt is known",
    ("simpul_workspace", "directory_service"): "services are public",
    ("simpul_public", "directory_service"): "services are public",
    ("simpul_worker", "directory_service"): "services are public",
    ("simpul_workspace", "wording_edition"): "texts of the public door, and drafts of them",
    ("simpul_workspace", "wording_recording"): "the same, read aloud",
    ("simpul_public", "wording_edition"): "what two people signed is for everybody",
    ("simpul_public", "wording_recording"): "the same, read aloud",
    ("simpul_worker", "accounts_session"): "what has expired, without its seal",
    ("simpul_worker", "cases_document"): "budget columns: uploads that were not finished",
    ("simpul_worker", "clocks_clock"): "budget columns: what is due",
    ("simpul_worker", "vault_auditline"): "the linker chains every line",
    ("simpul_worker", "vault_auditpending"): "the linker takes what waits",
    ("simpul_worker", "vault_auditlink"): "the linker follows the last link",
    ("simpul_worker", "vault_audithead"): "the linker signs the next head",
    ("simpul_worker", "network_alarmcursor"): "a number: how far along the chain it has looked",
}


def query(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a statement, asked by the owner."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return list(cursor.fetchall())


def names(statement: str, *parameters: Any) -> set[str]:
    """The first column of a statement."""
    return {row[0] for row in query(statement, *parameters)}


def tables() -> list[str]:
    """Every table of the schema."""
    return sorted(names("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))


# --- Tables --------------------------------------------------------------------------------------


def test_every_table_forces_its_policies_or_has_a_reason_not_to(cast: Cast) -> None:
    """FORCE: the policies hold for the owner as well."""
    forced = names(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p') AND relrowsecurity AND relforcerowsecurity"
    )
    assert set(tables()) - forced == WITHOUT_POLICIES.keys()
    assert all(reason for reason in WITHOUT_POLICIES.values())


def test_no_table_with_sealed_or_granted_content_is_on_the_list() -> None:
    """Whatever the reason."""
    sealed = {
        model._meta.db_table
        for model in apps.get_models()
        if any(isinstance(f, SealedField) or f.name == "sealed" for f in model._meta.get_fields())
    }
    assert sealed and not sealed & WITHOUT_POLICIES.keys()


def test_every_policy_names_its_role(cast: Cast) -> None:
    """A policy for everybody would also be a later role's."""
    found = query("SELECT tablename, policyname, roles::text[] FROM pg_policies")
    assert found
    for table, policy, roles in found:
        assert set(roles) <= {OWNER, *SERVING}, (table, policy)


def test_only_the_owner_owns_anything(cast: Cast) -> None:
    """Tables, sequences, views, functions, types and the schema itself."""
    owners = names(
        "SELECT relowner::regrole::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " UNION SELECT proowner::regrole::text FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace"
        " UNION SELECT typowner::regrole::text FROM pg_type"
        " WHERE typnamespace = 'public'::regnamespace"
        " UNION SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
    )
    assert owners == {OWNER}


def test_no_role_has_a_power_beyond_its_rights(cast: Cast) -> None:
    """No superuser; only the backup reads past policies; nobody makes tables."""
    for role, *powers in query(
        "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname LIKE 'simpul%%' AND rolname <> 'simpul_admin'"
    ):
        assert powers == [False, False, False, False, role == "simpul_backup"], role
    for role in ROLES:
        rights = query(
            "SELECT has_schema_privilege(%s, 'public', 'CREATE'),"
            " has_database_privilege(%s, current_database(), 'CREATE')",
            role, role,
        )  # fmt: skip
        assert rights == [(False, False)], role


def test_no_door_can_take_another_role(cast: Cast) -> None:
    """Only the tests' owner is a member of the doors' roles, to play them in turn."""
    members = set(
        query(
            "SELECT member::regrole::text, roleid::regrole::text FROM pg_auth_members"
            " WHERE member::regrole::text LIKE 'simpul%%'"
        )
    )
    assert members == {(OWNER, role) for role in SERVING}


def rights_of(role: str) -> dict[str, set[str]]:
    """The rights of a role on whole tables."""
    kinds = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    found: dict[str, set[str]] = {}
    for table in tables():
        for kind in kinds:
            if query("SELECT has_table_privilege(%s, %s, %s)", role, table, kind)[0][0]:
                found.setdefault(table, set()).add(kind)
    return found


def columns_of(role: str, kind: str = "SELECT") -> dict[str, set[str]]:
    """The columns on which a role has a right, where it has none on the whole table."""
    found: dict[str, set[str]] = {}
    whole = {table for table, rights in rights_of(role).items() if kind in rights}
    for table, column in query(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND has_column_privilege(%s, table_name, column_name, %s)",
        role, kind,
    ):  # fmt: skip
        if table not in whole:
            found.setdefault(table, set()).add(column)
    return found


def test_the_public_role_touches_reference_data_and_its_sessions_alone(cast: Cast) -> None:
    """Nothing of cases, grants, audit, reports or people; not one column of them."""
    assert rights_of("simpul_public") == PUBLIC_RIGHTS
    for kind in ("SELECT", "INSERT", "UPDATE", "REFERENCES"):
        assert columns_of("simpul_public", kind) == {}
    behind = {
        t for t in tables() if t.startswith(("reports_", "cases_", "referrals_", "accounts_u"))
    }
    assert behind and not behind & rights_of("simpul_public").keys()


def test_the_worker_touches_metadata_alone(cast: Cast) -> None:
    """Columns of the budget, the chain it links, and what has expired."""
    assert rights_of("simpul_worker") == WORKER_RIGHTS
    assert columns_of("simpul_worker") == WORKER_COLUMNS
    assert columns_of("simpul_worker", "UPDATE") == columns_of("simpul_worker", "INSERT") == {}


def test_the_worker_reads_no_ciphertext_and_no_key(cast: Cast) -> None:
    """Not one column that is sealed, in any table."""
    sealed = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, SealedField)
        or (isinstance(field, models.BinaryField) and field.name in {"sealed", "seed", "totp"})
    }
    assert len(sealed) > 10
    for table, column in sealed:
        allowed = query("SELECT has_column_privilege('simpul_worker', %s, %s, 'SELECT')",
                        table, column)  # fmt: skip
        assert allowed == [(False,)], (table, column)


def test_the_workspace_takes_away_only_what_leaves_no_gap(cast: Cast) -> None:
    """No content, no grant and no trace is deleted by a door."""
    rights = rights_of("simpul_workspace")
    assert {t for t, kinds in rights.items() if "DELETE" in kinds} == WORKSPACE_DELETES
    assert not [t for t, kinds in rights.items() if kinds & {"TRUNCATE", "TRIGGER", "REFERENCES"}]


def test_the_workspace_writes_no_audit_and_changes_no_seal_or_grant(cast: Cast) -> None:
    """But the state of a grant, which a trigger lets move forward only."""
    rights, columns = rights_of("simpul_workspace"), columns_of("simpul_workspace", "UPDATE")
    for table in ("vault_auditline", "reports_report", "reports_part", "reports_erasure"):
        assert rights[table] == READ, table
    for table in ("vault_auditpending", "vault_auditlink"):
        assert table not in rights
    assert rights["vault_audithead"] == READ  # administrators copy the newest into a book
    assert rights["network_alarm"] == READ
    assert columns["network_alarm"] == {"seen_at", "seen_by", "reason"}
    for table in (
        "vault_envelope", "vault_keycopy", "vault_wrapped", "cases_entry", "cases_identity",
        "vault_piece", "reports_attachment",
    ):  # fmt: skip
        assert rights[table] == {"SELECT", "INSERT"}, table
    assert columns["vault_grant"] == {"state", "ended_at"}
    assert columns["cases_document"] == {
        "about", "row_version", "whole", "finished_at", "removed_at", "removed_by_id",
    }  # fmt: skip
    assert columns["reports_report"] == {
        "state", "taken_at", "taken_by_id", "owner_id", "deputy_id", "outside_id",
    }  # fmt: skip
    assert columns["reports_declaration"] == {"tie", "made_at"}
    assert columns["reports_escalation"] == {"reminded_at"}
    assert columns["reports_setaside"] == {"agreed_by_id", "agreed_at", "ended_at"}
    assert rights["reports_link"] == READ, "links are made by a trigger alone"
    assert rights["reports_question"] == {"SELECT", "INSERT"}, "she answers, not the desk"
    assert "ref" not in columns["cases_case"]
    assert columns["cases_shard"] == {"row_version", "envelope_id", "names"}
    assert rights["cases_pending"] == {"SELECT", "DELETE"}, "marks are written by triggers alone"
    assert columns["referrals_referral"] == {"state", "answer", "answered_at", "ended_at"}


@pytest.fixture
def as_backup(cast: Cast) -> Iterator[psycopg.Connection]:
    """A connection of the backup's own, as `./simpul backup` would make it."""
    from launch import roles, var

    place = var.folder()
    with psycopg.connect(
        host=os.environ["SIMPUL_DATABASE_HOST"], dbname=os.environ["SIMPUL_DATABASE_NAME"],
        user="simpul_backup", password=roles.passwords(place)["simpul_backup"], autocommit=True,
    ) as connected:  # fmt: skip
        yield connected


def test_the_backup_reads_everything(as_backup: psycopg.Connection) -> None:
    """Every row of every table and every sequence: a dump that lacks one restores nothing."""
    everything = 0
    for table in tables():
        row = as_backup.execute(f'SELECT count(*) FROM "{table}"').fetchone()  # type: ignore[arg-type]
        assert row is not None
        assert row[0] == query(f'SELECT count(*) FROM "{table}"')[0][0], table
        everything += row[0]
    assert everything > 500
    for sequence in names("SELECT sequencename FROM pg_sequences"):
        as_backup.execute(f'SELECT last_value FROM "{sequence}"')  # type: ignore[arg-type]


def test_the_backup_writes_nothing(as_backup: psycopg.Connection) -> None:
    """No table, no sequence, no function that writes."""
    assert all(kinds == READ for kinds in rights_of("simpul_backup").values())
    for kind in ("INSERT", "UPDATE", "REFERENCES"):
        assert columns_of("simpul_backup", kind) == {}
    for table in tables():
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_backup.execute(f'DELETE FROM "{table}"')  # type: ignore[arg-type]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_backup.execute("SELECT vault_audit('x.y', NULL, NULL, NULL, NULL, NULL, NULL)")
    for sequence in names("SELECT sequencename FROM pg_sequences"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_backup.execute(f"SELECT nextval('\"{sequence}\"')")  # type: ignore[arg-type]


# --- Functions -----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_each_role_executes_exactly_the_functions_listed(role: str, cast: Cast) -> None:
    """PostgreSQL lets everybody execute a new function unless somebody says no."""
    found = names(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        " AND has_function_privilege(%s, oid, 'EXECUTE')",
        role,
    )
    assert found == EXECUTABLE[role]


def test_a_new_function_is_nobodys(cast: Cast) -> None:
    """Until a GRANT names who may execute it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE FUNCTION tests_new() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    for role in ROLES:
        allowed = query("SELECT has_function_privilege(%s, 'tests_new()', 'EXECUTE')", role)
        assert allowed == [(False,)], role


def test_functions_that_act_as_their_owner_look_nowhere_else(cast: Cast) -> None:
    """SECURITY DEFINER with a search path of the caller's would run the caller's tables."""
    found = query(
        "SELECT proname, proconfig FROM pg_proc"
        " WHERE pronamespace = 'public'::regnamespace AND prosecdef"
    )
    assert len(found) > 25
    for name, settings in found:
        assert settings == ["search_path=public, pg_temp"], name


def test_applying_the_sql_again_changes_no_right(cast: Cast) -> None:
    """It runs at every start."""
    from simpul.site import database

    def all_rights() -> set[tuple[Any, ...]]:
        return set(
            query(
                "SELECT relname, a.grantee::text || a.privilege_type FROM pg_class,"
                " aclexplode(relacl) a WHERE relnamespace = 'public'::regnamespace"
                " UNION SELECT proname, a.grantee::text || a.privilege_type FROM pg_proc,"
                " aclexplode(proacl) a WHERE pronamespace = 'public'::regnamespace"
                " UNION SELECT tablename || policyname,"
                " coalesce(qual, '') || coalesce(with_check, '') FROM pg_policies"
                " UNION SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger"
                " WHERE NOT tgisinternal"
            )
        )

    before = all_rights()
    database.apply_sql()
    assert all_rights() == before


# --- Rows ----------------------------------------------------------------------------------------


@pytest.fixture
def everything(cast: Cast) -> Receipt:
    """A receipt whose report became a case with every kind of row."""
    receipt = cast.file()
    now = timezone.now()
    case = cast.open_case(receipt)
    consent = cast.consent(case, "clinic", ["health", "incident"])
    with cast.acting("intake") as actor:
        files.write(actor=actor, case=case, ref=uuid4(), compartment="health", text="x", now=now)
        search.identify(actor=actor, case=case, ref=uuid4(), card=Card("Gelo"), now=now)
        search.find(actor=actor, asked="Gelo", reason="returned", now=now)
        search.identify(actor=actor, case=case, ref=uuid4(), card=Card("Ruba"), now=now)
        documents.add(
            actor=actor, case=case, ref=uuid4(), compartment="health", name="x.txt", data=b"x",
            now=now,
        )  # fmt: skip
        consents.share(actor=actor, case=case, consent=consent, compartments=["health"], now=now)
        referral = referrals.send(
            actor=actor, case=case, ref=uuid4(), consent=consent, compartments=["incident"],
            need=Need(service="health"), urgency="low", now=now,
        )  # fmt: skip
        reports.answer(
            actor=actor, report=Report.objects.get(pk=case.ref), ref=uuid4(), text="y", now=now
        )
        question = Question(report=case.report, desk=cast.desk("intake"), asked_at=now)
        dialogue = envelopes.latest(case.report.dialogue, "notes")
        assert dialogue is not None
        envelopes.open_envelope(dialogue, actor.keyring).seal(question, "about", "{}")
        question.save(force_insert=True)
    with cast.acting("clinic") as actor:
        referrals.accept(actor=actor, referral=referral, now=now)
        referrals.report_back(actor=actor, referral=referral, ref=uuid4(), text="z", now=now)
    return receipt


@pytest.mark.parametrize("role", SERVING)
def test_without_a_context_no_role_sees_a_row(role: str, cast: Cast, everything: Receipt) -> None:
    """A request that lost its context shows nothing, rather than everything."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'none', true)")
    context.say()
    readable = rights_of(role).keys() | columns_of(role).keys()
    filled = 0
    for table in sorted(set(tables()) - WITHOUT_POLICIES.keys()):
        filled += bool(query(f'SELECT 1 FROM "{table}" LIMIT 1'))
        if table not in readable or (role, table) in SEEN_WITHOUT_CONTEXT:
            continue
        with context.opened(role.removeprefix("simpul_")):
            assert query(f'SELECT count(*) FROM "{table}"') == [(0,)], table
    assert filled > 15, "there is something to be seen"


def test_the_exceptions_are_rights_that_exist(cast: Cast) -> None:
    """No exception outlives what it excused."""
    for role, table in SEEN_WITHOUT_CONTEXT:
        assert table in rights_of(role).keys() | columns_of(role).keys(), (role, table)


def test_a_context_shows_what_its_desk_may_see_and_no_more(
    cast: Cast, everything: Receipt
) -> None:
    """The shelter was in none of it."""
    other = cast.file("office", fallback=None)
    with cast.acting("clinic"):
        assert Case.objects.count() == Report.objects.count() == 1
        assert not Report.objects.filter(lookup=other.opened.lookup).exists()
    with cast.acting("shelter"):
        for model in (Case, Report, Envelope, Grant, Part, Message, Identity, Shard, Pending):
            assert not model._default_manager.exists(), model


# --- The public functions ------------------------------------------------------------------------


def fingerprint() -> dict[str, str]:
    """What every table holds, in a hash."""
    return {
        table: query(
            f'SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM "{table}" t'
        )[0][0]
        for table in tables()
    }


def ask(function: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """The rows of a public function, without those that are all empty."""
    marks = ", ".join("%s::jsonb" if isinstance(p, str) else "%s" for p in parameters)
    found = query(f"SELECT * FROM {function}({marks})", *parameters)
    return [row for row in found if any(value not in (None, False) for value in row)]


def hostile_arguments(case: Case) -> dict[str, tuple[Any, ...]]:
    """What somebody would pass to reach this case: every function that takes something."""
    message = Message.objects.filter(report_id=case.ref).order_by("ref")[0]
    envelope = str(message.envelope_id)
    row = '{"ref": "%s", "envelope_id": "%s", "text": "x", "about": "x", "data": "x"}'
    pair = Pair(uuid4(), crypto.random())
    keypair = rows.as_json(
        KeyPair(ref=pair.ref, kind="reporter", public=pair.public, verifying=pair.verifying)
    )
    import json

    replaced = json.dumps({"lookup": "\\x" + "77" * 32, "keypair": keypair, "grants": []})
    filed = json.dumps({"report": {}, "keypair": keypair, "envelopes": [], "grants": []})
    grants = Grant.objects.filter(envelope__record=case.ref, recipient=case.report.keypair_id)
    question = Question.objects.get(report=case.report_id).ref
    taken = json.dumps([rows.as_json(grant) | {"ref": str(uuid4())} for grant in grants])
    return {
        "public_send": (row % (uuid4(), envelope),),
        "public_attach": (row % (uuid4(), envelope),),
        "public_withdraw_consent": (case.consents.order_by("ref")[0].ref,),
        "public_replace_receipt": (replaced,),
        "public_file_report": (filed,),
        "public_reopen": (taken,),
        "public_answer_question": (
            json.dumps({"ref": str(question), "answer": "yes", "pair": str(uuid4())}),
        ),
        "public_hand_off": (json.dumps({"handoff": {"ref": str(case.ref)}}),),
        "public_ask_erasure": (uuid4(),),
        "public_close_part": (Part.objects.filter(report_id=case.ref).order_by("ref")[0].ref,),
        "public_open_part": (json.dumps({"part": str(uuid4()), "grants": json.loads(taken)}),),
        "public_move": (
            json.dumps({"receiver": case.desk_id, "fallback": None, "grants": json.loads(taken)}),
        ),
    }


PUBLIC = sorted(EXECUTABLE["simpul_public"] - CONTEXT - {"vault_audit"})


@pytest.mark.parametrize("function", PUBLIC)
def test_without_a_receipt_a_public_function_gives_and_changes_nothing(
    function: str, cast: Cast, everything: Receipt
) -> None:
    """It returns no row, or refuses."""
    arguments = hostile_arguments(Case.objects.select_related("report").get()).get(function, ())
    before = fingerprint()
    for receipt in (None, bytes(32), everything.opened.lookup[:31]):
        try:
            with transaction.atomic(), context.opened("public", receipt=receipt):
                assert ask(function, *arguments) == []
        except DatabaseError as error:
            assert "no report of this receipt" in str(error) or "can be filed" in str(error)
    assert fingerprint() == before


@pytest.mark.parametrize("function", PUBLIC)
def test_anothers_receipt_reaches_nothing_of_this_case(
    function: str, cast: Cast, everything: Receipt
) -> None:
    """Whatever references it names: each function is bound to the receipt of the transaction."""
    case = Case.objects.select_related("report").get()
    arguments = hostile_arguments(case).get(function, ())
    stranger = cast.file()
    own = Report.objects.get(lookup=stranger.opened.lookup)
    before = of_case(case)
    try:
        with transaction.atomic(), context.opened("public", receipt=stranger.opened.lookup):
            found = ask(function, *arguments)
    except DatabaseError as error:
        assert "no report of this receipt" in str(error) or "can be filed" in str(error)
        found = []
    shown = repr(found)
    for ref in (case.ref, case.report.dialogue, case.report.keypair_id, case.code):
        assert str(ref) not in shown and repr(ref) not in shown
    assert of_case(case) == before
    assert own.ref != case.ref


def of_case(case: Case) -> list[str]:
    """Every row that belongs to a case, as text."""
    found = []
    for table, columns in {
        "reports_report": ("ref",), "reports_part": ("report_id",), "reports_message": ("report_id",),
        "reports_attachment": ("report_id",), "reports_question": ("report_id",),
        "reports_declaration": ("report_id",), "cases_case": ("ref",), "cases_consent": ("case_id",),
        "cases_share": ("case_id",), "cases_entry": ("case_id",), "cases_identity": ("case_id",),
        "cases_nextaction": ("case_id",),
        "referrals_referral": ("case_id",), "vault_envelope": ("record",),
        "clocks_clock": ("subject",),
    }.items():  # fmt: skip
        for column in columns:
            found += query(
                f"SELECT t::text FROM {table} t WHERE {column} IN (%s, %s) ORDER BY 1",
                case.ref, case.report.dialogue,
            )  # fmt: skip
    found += query(
        "SELECT g::text FROM vault_grant g JOIN vault_envelope e ON e.ref = g.envelope_id"
        " WHERE e.record IN (%s, %s) ORDER BY 1",
        case.ref, case.report.dialogue,
    )  # fmt: skip
    return [row[0] for row in found]


def test_the_receipt_itself_reaches_all_of_it(cast: Cast, everything: Receipt) -> None:
    """So that the refusals above are about the receipt and nothing else."""
    with context.opened("public", receipt=everything.opened.lookup):
        for function in (
            "public_own", "public_own_case", "public_grants", "public_envelopes", "public_parts",
            "public_messages", "public_consents", "public_next_actions", "public_referrals",
            "public_reports_back",
        ):  # fmt: skip
            assert ask(function), function


# --- Filing against the rules --------------------------------------------------------------------


def opened_receipt() -> Opened:
    """A receipt that nobody has used."""
    return receipts.open_words(receipts.words_of(receipts.new_token()), filing=True)


@pytest.fixture
def composed(cast: Cast) -> tuple[Opened, dict[str, Any]]:
    """A receipt and the report that its holder would file, not filed yet."""
    opened = opened_receipt()
    answers = {"incident": {"story": "x"}, "notes": {"needs": []}}
    made = reports._compose(
        opened, answers, cast.desk("intake"), cast.desk("fallback"), timezone.now(), "web"
    )
    return opened, made.as_json()


def file(opened: Opened, payload: dict[str, Any]) -> str:
    """Calls the function as the public door does."""
    with transaction.atomic(), context.opened("public", receipt=opened.lookup):
        return str(rows.call("public_file_report", payload))


Composed = tuple[Opened, dict[str, Any]]
Change = Callable[[Cast, dict[str, Any], Report], None]


def in_report(**values: Any) -> Change:
    """Changes fields of the report; a callable is given cast and the foreign report."""

    def change(cast: Cast, payload: dict[str, Any], foreign: Report) -> None:
        for name, value in values.items():
            payload["report"][name] = value(cast, foreign) if callable(value) else value

    return change


def in_first(part: str, **values: Any) -> Change:
    """The same in the first row of a list."""

    def change(cast: Cast, payload: dict[str, Any], foreign: Report) -> None:
        for name, value in values.items():
            payload[part][0][name] = value(cast, foreign) if callable(value) else value

    return change


def in_keypair(**values: Any) -> Change:
    """The same in the reporter's key pair."""

    def change(cast: Cast, payload: dict[str, Any], foreign: Report) -> None:
        for name, value in values.items():
            found = value(cast, foreign) if callable(value) else value
            payload["keypair"][name] = found
            if name == "ref":
                payload["report"]["keypair_id"] = found

    return change


def first(model: type[models.Model]) -> Callable[[Cast, Report], str]:
    """The reference of a row that exists."""
    return lambda _cast, _foreign: str(model._default_manager.order_by("pk")[0].pk)


REFUSED: dict[str, Change] = {
    "another receipt's look-up": in_report(lookup="\\x" + "11" * 32),
    "no look-up": in_report(lookup=None),
    "a desk that does not receive": in_report(receiver_id=lambda c, _f: c.desk("clinic").pk),
    "a desk without a key": in_report(receiver_id=lambda c, _f: c.desk("empty").pk),
    "a desk that is not there": in_report(receiver_id=999_999),
    "a fallback that does not receive": in_report(fallback_id=lambda c, _f: c.desk("clinic").pk),
    "an existing report's reference": in_report(ref=lambda _c, f: str(f.ref)),
    "an existing report's code": in_report(code=lambda _c, f: f.code),
    "an existing dialogue as its own": in_report(dialogue=lambda _c, f: str(f.dialogue)),
    "an existing report as its dialogue": in_report(dialogue=lambda _c, f: str(f.ref)),
    "an existing dialogue as its reference": in_report(ref=lambda _c, f: str(f.dialogue)),
    "a desk's labels as its dialogue": in_report(dialogue=lambda c, _f: str(c.desk("intake").ref)),
    "labels that a desk has not begun": in_report(
        dialogue=lambda c, _f: str(c.desk("shelter").ref)
    ),
    "a referral as its dialogue": in_report(dialogue=first(Referral)),
    "one record for both": lambda _c, p, _f: p["report"].update(dialogue=p["report"]["ref"]),
    "an existing envelope": in_first("envelopes", ref=first(Envelope)),
    "an existing grant": in_first("grants", ref=first(Grant)),
    "an existing part": in_first("parts", ref=first(Part)),
    "an existing reporter's key": in_keypair(ref=lambda _c, f: str(f.keypair_id)),
    "a desk's key": in_keypair(ref=lambda c, _f: str(c.desk("intake").keypair_id)),
    "a key that says it is a desk's": in_keypair(kind="desk"),
    "a key that says it is a person's": in_keypair(kind="person"),
    "a key of no kind": in_keypair(kind=None),
    "a report of another key": in_report(keypair_id=lambda _c, f: str(f.keypair_id)),
    "no report": lambda _c, p, _f: p.pop("report"),
    "no key": lambda _c, p, _f: p.pop("keypair"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_filing_refuses_and_leaves_everything_as_it_was(
    what: str, cast: Cast, everything: Receipt, composed: Composed
) -> None:
    """The whole report or nothing; and nothing of anybody else's."""
    opened, payload = composed
    foreign = Report.objects.get(lookup=everything.opened.lookup)
    before = fingerprint()
    REFUSED[what](cast, payload, foreign)
    with pytest.raises(DatabaseError):
        file(opened, payload)
    assert fingerprint() == before


def test_the_report_is_filed_as_it_was_composed(cast: Cast, composed: Composed) -> None:
    """So that the refusals above are about the change and nothing else."""
    opened, payload = composed
    assert file(opened, payload) == "filed"
    assert file(opened, payload) == "again"
    assert Report.objects.count() == 1


def test_filing_again_with_other_content_changes_nothing(cast: Cast, composed: Composed) -> None:
    """The first is kept; nobody who learns a receipt's look-up can put a second in its place."""
    opened, payload = composed
    file(opened, payload)
    before = fingerprint()
    other = reports._compose(
        opened, {"incident": {"story": "lain"}}, cast.desk("office"), None, timezone.now(), "web"
    )
    assert file(opened, other.as_json()) == "again"
    assert fingerprint() == before


def test_what_is_preset_in_a_report_does_not_count(cast: Cast, composed: Composed) -> None:
    """It begins new, taken by nobody, seen by whom the grants say, now."""
    opened, payload = composed
    clinic = cast.desk("clinic").pk
    long_ago = "2001-01-01T00:00:00+00:00"
    payload["report"] |= {
        "state": "taken", "desks": [clinic], "taken_by_id": clinic, "taken_at": long_ago,
        "woken_at": long_ago, "withdrawn_at": long_ago, "filed_at": long_ago,
    }  # fmt: skip
    payload["envelopes"] = [
        row | {"desks": [clinic], "key_version": 7} for row in payload["envelopes"]
    ]
    payload["keypair"] |= {"desk": clinic, "created_at": long_ago}
    payload["parts"] = [row | {"row_version": 5} for row in payload["parts"]]
    assert file(opened, payload) == "filed"
    report = Report.objects.select_related("keypair").get()
    assert (report.state, report.desks) == ("new", [cast.desk("intake").pk])
    assert report.taken_by_id is report.taken_at is report.woken_at is report.withdrawn_at is None
    assert report.filed_at.year == report.keypair.created_at.year == timezone.now().year
    assert report.keypair.desk is None
    for envelope in Envelope.objects.order_by("ref"):
        assert (envelope.desks, envelope.key_version) == ([cast.desk("intake").pk], 1)
    assert set(Part.objects.values_list("row_version", flat=True)) == {1}


def test_filing_gives_no_grant_but_to_the_chosen_desks_and_the_reporter(
    cast: Cast, composed: Composed
) -> None:
    """To other desks and persons nothing, to the fallback nothing that is awake, for no time preset."""
    opened, payload = composed
    envelope = payload["envelopes"][0]["ref"]
    others = [cast.desk(key).keypair_id for key in ("clinic", "shelter", "office")]
    others += [cast.user("intake").keypair_id]
    extra = [
        payload["grants"][0]
        | {"ref": str(uuid4()), "recipient_id": str(to), "desk": cast.desk("intake").pk,
           "envelope_id": envelope, "state": "live"}
        for to in others
    ]  # fmt: skip
    payload["grants"] = [
        row | {"state": "live", "until_at": "2099-01-01T00:00:00+00:00", "ended_at": None}
        for row in payload["grants"] + extra
    ]
    assert file(opened, payload) == "filed"
    seen = {
        (grant.desk, grant.state, grant.until_at)
        for grant in Grant.objects.order_by("ref")
        if Envelope.objects.filter(pk=grant.envelope_id).exists()
    }
    intake, fallback = cast.desk("intake").pk, cast.desk("fallback").pk
    assert seen == {(intake, "live", None), (fallback, "dormant", None), (None, "live", None)}
    assert not Grant.objects.filter(recipient__in=others).exists()


def test_filing_touches_no_foreign_record(
    cast: Cast, everything: Receipt, composed: Composed
) -> None:
    """Neither an envelope, a part nor a grant lands in another's record."""
    opened, payload = composed
    case = Case.objects.select_related("report").get()
    foreign = Envelope.objects.filter(record=case.ref).order_by("ref")[0]
    before = of_case(case)
    new, old = payload["envelopes"][0], payload["grants"][0]
    payload["envelopes"].append(
        new | {"ref": str(uuid4()), "record": str(case.ref), "compartment": "recovery"}
    )
    payload["grants"].append(old | {"ref": str(uuid4()), "envelope_id": str(foreign.ref)})
    payload["parts"].append(
        payload["parts"][0]
        | {"ref": str(uuid4()), "envelope_id": str(foreign.ref), "report_id": str(case.ref)}
    )
    assert file(opened, payload) == "filed"
    assert of_case(case) == before


def test_a_walk_in_is_filed_only_for_ones_own_or_a_chosen_desk(
    cast: Cast, composed: Composed
) -> None:
    """The workspace uses the same function; its grants are checked like any other."""
    _opened, payload = composed
    with pytest.raises(DatabaseError), transaction.atomic(), cast.acting("clinic"):
        rows.call("public_file_report", payload)  # the context names no receipt
    assert not Report.objects.exists()


# --- Sending and attaching -----------------------------------------------------------------------


@pytest.mark.parametrize("function", ["public_send", "public_attach"])
def test_a_message_or_file_of_an_existing_row_replaces_nothing(
    function: str, cast: Cast, everything: Receipt
) -> None:
    """The same reference again is the same row, also when it is somebody else's."""
    message = Message.objects.order_by("ref")[0]
    stranger = cast.file()
    own = Report.objects.get(lookup=stranger.opened.lookup)
    mine = Envelope.objects.get(record=own.dialogue)
    row = {
        "ref": str(message.ref), "envelope_id": str(mine.ref), "report_id": str(message.report_id),
        "text": "\\x00", "about": "\\x00", "data": "\\x00", "desk_id": cast.desk("intake").pk,
    }  # fmt: skip
    case = Case.objects.select_related("report").get()
    before = of_case(case)
    with context.opened("public", receipt=stranger.opened.lookup):
        rows.call(function, row)
    assert of_case(case) == before
    if function == "public_attach":
        assert query("SELECT report_id FROM reports_attachment") == [(own.ref,)]


def test_a_message_is_the_reporters_whatever_it_says(cast: Cast) -> None:
    """She cannot write in the name of a desk, nor at another time."""
    receipt = cast.file()
    report = Report.objects.get()
    envelope = Envelope.objects.get(record=report.dialogue)
    row = {
        "ref": str(uuid4()), "envelope_id": str(envelope.ref), "report_id": str(uuid4()),
        "text": "\\x00", "desk_id": cast.desk("intake").pk, "sent_at": "2001-01-01T00:00:00+00:00",
    }  # fmt: skip
    with context.opened("public", receipt=receipt.opened.lookup):
        assert rows.call("public_send", row) is True
    message = Message.objects.get()
    assert (message.desk_id, message.report_id) == (None, report.ref)
    assert message.sent_at.year == timezone.now().year


def test_the_same_words_cannot_be_given_to_two_reports(cast: Cast, everything: Receipt) -> None:
    """Replacing a receipt by one that is in use changes neither."""
    mine = cast.file()
    before = fingerprint()
    with pytest.raises(DatabaseError), cast.reporting(mine) as reporter:
        pair = Pair(uuid4(), crypto.random())
        reports.replace_receipt(actor=reporter, fresh=Opened(everything.opened.lookup, pair))
    assert fingerprint() == before


def test_the_old_words_open_nothing_after_they_were_replaced(cast: Cast) -> None:
    """Neither the report, nor a grant, nor a message."""
    old, fresh = cast.file(), opened_receipt()
    with cast.reporting(old) as reporter:
        reports.replace_receipt(actor=reporter, fresh=fresh)
    with context.opened("public", receipt=old.opened.lookup):
        for function in ("public_own", "public_grants", "public_parts", "public_envelopes"):
            assert ask(function) == []
    dead = Grant.objects.filter(recipient=old.opened.pair.ref)
    assert set(dead.values_list("state", flat=True)) == {"ended"}
    assert isinstance(Report.objects.get().keypair_id, UUID)


def test_the_sql_is_where_the_docs_say(cast: Cast) -> None:
    """Three files, applied in this order."""
    from simpul.site import database

    assert sorted(path.name for path in Path(database.SQL).glob("*.sql")) == [
        "access.sql", "public.sql", "triggers.sql",
    ]  # fmt: skip
    assert envelopes.REPORTERS == 1
