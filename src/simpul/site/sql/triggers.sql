-- What the database itself keeps true, whoever writes. Idempotent.

-- One way into the audit chain: no role may insert, change or delete a line.
CREATE OR REPLACE FUNCTION vault_audit(
  event text, actor uuid, desk int, record uuid, "row" uuid, parts text[], content bytea
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  number bigint;
  own uuid;
BEGIN
  IF simpul_door() = 'simpul_public' THEN
    -- Behind a receipt the actor is the reporter and the record is hers, whatever was asked.
    SELECT r.ref, r.keypair_id INTO own, actor FROM reports_report r WHERE r.lookup = simpul_receipt();
    IF event LIKE 'reports.%' OR event LIKE 'cases.%' OR event LIKE 'referrals.%' THEN
      record := own;
    ELSE
      RAISE EXCEPTION 'not an event of the public door: %', event;
    END IF;
    desk := NULL;
    IF NOT EXISTS (SELECT 1 FROM reports_part o WHERE o.ref = "row" AND o.report_id = own
                   UNION ALL SELECT 1 FROM reports_message o WHERE o.ref = "row" AND o.report_id = own
                   UNION ALL SELECT 1 FROM reports_attachment o
                             WHERE o.ref = "row" AND o.report_id = own
                   UNION ALL SELECT 1 FROM reports_erasure o WHERE o.ref = "row" AND o.report_id = own
                   UNION ALL SELECT 1 FROM cases_consent o JOIN cases_case c ON c.ref = o.case_id
                             WHERE o.ref = "row" AND c.report_id = own) THEN
      "row" := NULL; content := NULL;  -- a foreign row's last writing cannot be told otherwise
    END IF;
  ELSIF simpul_door() = 'simpul_workspace' AND simpul_person() IS NOT NULL THEN
    actor := simpul_person();
    IF event LIKE '%.read' AND desk IS NOT NULL AND NOT desk = ANY (simpul_desks()) THEN
      RAISE EXCEPTION 'a reading is told in the name of one''s own desk';
    END IF;
  END IF;
  INSERT INTO vault_auditline (at, event, actor, desk, record, "row", parts, content)
  VALUES (clock_timestamp(), event, actor, desk, record, "row", coalesce(parts, '{}'), content)
  RETURNING id INTO number;
  INSERT INTO vault_auditpending (line_id) VALUES (number);
END $$;
GRANT EXECUTE ON FUNCTION vault_audit TO simpul_workspace, simpul_public, simpul_worker;

CREATE OR REPLACE FUNCTION vault_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['vault_auditline', 'vault_auditlink', 'vault_audithead',
                           'vault_directoryentry'] LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS append_only ON %I', t);
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                    FOR EACH STATEMENT EXECUTE FUNCTION vault_is_append_only()', t);
  END LOOP;
END $$;

-- Whether a survivor has frozen a record: her report, its messages, and what grew from both. Who
-- reported for somebody else freezes her own part alone, which is the first key version.
CREATE OR REPLACE FUNCTION vault_rests(of_record uuid, version int) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM reports_report r LEFT JOIN cases_case c ON c.report_id = r.ref
    WHERE r.frozen_at IS NOT NULL
      AND (of_record IN (r.ref, r.dialogue)
           AND (version = 1 OR coalesce(c.reporter_is_survivor, true))
           OR c.reporter_is_survivor AND EXISTS (
                SELECT 1 FROM referrals_referral f WHERE f.ref = of_record AND f.case_id = c.ref)))
$$;

-- Access is the grant: whenever grants change, the `desks` of their envelopes, reports and cases
-- are recomputed in the same statement. Locked first, so that of two who change the same record at
-- once the second counts what the first left.
CREATE OR REPLACE FUNCTION vault_spread() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  records uuid[];
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NOT EXISTS (SELECT 1 FROM changed n JOIN before o USING (ref)
                   WHERE (n.state, n.desk) IS DISTINCT FROM (o.state, o.desk)) THEN
      RETURN NULL;  -- sealed anew: who may read stays the same
    END IF;
  END IF;
  SELECT array_agg(DISTINCT e.record) INTO records
    FROM vault_envelope e WHERE e.ref IN (SELECT envelope_id FROM changed);
  PERFORM 1 FROM vault_envelope e WHERE e.record = ANY (records) ORDER BY e.ref FOR NO KEY UPDATE;
  UPDATE vault_envelope e SET desks = vault_desks_with_key(e.ref)
  WHERE e.ref IN (SELECT envelope_id FROM changed);
  UPDATE reports_report r SET desks = vault_desks_of(r.ref)
    WHERE r.ref = ANY (records) AND r.desks IS DISTINCT FROM vault_desks_of(r.ref);
  UPDATE cases_case c SET desks = vault_desks_of(c.ref)
    WHERE c.ref = ANY (records) AND c.desks IS DISTINCT FROM vault_desks_of(c.ref);
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION vault_desks_with_key(envelope uuid) RETURNS int[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT g.desk ORDER BY g.desk), '{}')
  FROM vault_grant g JOIN vault_envelope e ON e.ref = g.envelope_id
  WHERE e.ref = envelope AND g.state = 'live' AND g.desk IS NOT NULL
    AND NOT vault_rests(e.record, e.key_version)
$$;

-- Who freezes or thaws changes no grant: the desks of every envelope are recomputed, and with them
-- what any desk can see. Keys stay where they are and open nothing, because no row is shown.
CREATE OR REPLACE FUNCTION reports_recount(report reports_report) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE vault_envelope e SET desks = vault_desks_with_key(e.ref)
    WHERE e.record IN (SELECT report.ref UNION SELECT report.dialogue
                       UNION SELECT f.ref FROM referrals_referral f WHERE f.case_id = report.ref)
      AND e.desks IS DISTINCT FROM vault_desks_with_key(e.ref);
  UPDATE reports_report r SET desks = vault_desks_of(r.ref) WHERE r.ref = report.ref;
  UPDATE cases_case c SET desks = vault_desks_of(c.ref) WHERE c.ref = report.ref;
END $$;

-- What clocks run on for a reporter: her report, and the referrals of a case that is her own.
CREATE OR REPLACE FUNCTION reports_owing(of_report uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT of_report UNION
  SELECT f.ref FROM referrals_referral f JOIN cases_case c ON c.ref = f.case_id
  WHERE c.report_id = of_report AND c.reporter_is_survivor
$$;

-- Closes a report to every desk until its reporter opens it again; clocks stand still meanwhile.
CREATE OR REPLACE FUNCTION reports_freeze(of_report uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  UPDATE reports_report o SET frozen_at = at
    WHERE o.ref = of_report AND o.frozen_at IS NULL AND o.state <> 'erased' RETURNING o.* INTO r;
  IF r.ref IS NULL THEN
    RETURN false;
  END IF;
  UPDATE clocks_clock c SET stopped_at = at
    WHERE c.subject IN (SELECT reports_owing(r.ref)) AND c.stopped_at IS NULL AND c.rule <> 'K18';
  PERFORM reports_recount(r);
  RETURN true;
END $$;

-- Destroys what can be read of a report for good, and of the case where it is the survivor's own.
-- What stays: that there was a report, its dates, consents and the audit's lines, none with content.
CREATE OR REPLACE FUNCTION reports_destroy(of_report uuid, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
  k uuid;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.ref = of_report FOR UPDATE;
  IF r.ref IS NULL OR r.state = 'erased' THEN
    RETURN false;
  END IF;
  SELECT c.ref INTO k FROM cases_case c WHERE c.report_id = r.ref AND c.reporter_is_survivor FOR UPDATE;
  UPDATE vault_grant g SET state = 'ended', ended_at = at
    FROM vault_envelope e
    WHERE e.ref = g.envelope_id AND g.state <> 'ended'
      AND (e.record = r.dialogue
           OR e.record = r.ref AND (k IS NOT NULL OR e.key_version = 1)
           OR e.record IN (SELECT f.ref FROM referrals_referral f WHERE f.case_id = k));
  DELETE FROM reports_attachment a WHERE a.report_id = r.ref;
  DELETE FROM reports_message m WHERE m.report_id = r.ref;
  DELETE FROM reports_part p WHERE p.report_id = r.ref;
  DELETE FROM cases_label o WHERE o.case_id = k;
  DELETE FROM cases_entry o WHERE o.case_id = k;
  DELETE FROM cases_identity o WHERE o.case_id = k;
  DELETE FROM cases_nextaction o WHERE o.case_id = r.ref;  -- a step may lie in her messages' record
  DELETE FROM cases_closure o WHERE o.case_id = k;
  DELETE FROM vault_piece p WHERE p.file IN (SELECT d.ref FROM cases_document d WHERE d.case_id = k);
  DELETE FROM cases_document o WHERE o.case_id = k;
  UPDATE clocks_clock c SET stopped_at = at WHERE c.stopped_at IS NULL
    AND c.subject IN (SELECT r.ref UNION SELECT f.ref FROM referrals_referral f WHERE f.case_id = k);
  DELETE FROM referrals_reportback b USING referrals_referral f
    WHERE f.ref = b.referral_id AND f.case_id = k;
  DELETE FROM referrals_referral f WHERE f.case_id = k;
  DELETE FROM cases_obligation o WHERE o.case_id = k;
  UPDATE cases_share o SET ended_at = at WHERE o.case_id = k AND o.ended_at IS NULL;
  UPDATE cases_consent o SET withdrawn_at = at WHERE o.case_id = k AND o.withdrawn_at IS NULL;
  UPDATE cases_case o SET state = 'closed', due_at = NULL WHERE o.ref = k;
  UPDATE reports_erasure o SET done_at = at
    WHERE o.report_id = r.ref AND o.done_at IS NULL AND o.refused_at IS NULL AND o.cancelled_at IS NULL;
  UPDATE reports_report o SET state = 'erased', erased_at = at, frozen_at = NULL, urgent = false
    WHERE o.ref = r.ref;
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION vault_desks_of(of_record uuid) RETURNS int[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(array_agg(DISTINCT d ORDER BY d), '{}')
  FROM vault_envelope e, unnest(e.desks) d WHERE e.record = of_record
$$;

DROP TRIGGER IF EXISTS spread_new ON vault_grant;
CREATE TRIGGER spread_new AFTER INSERT ON vault_grant
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION vault_spread();
DROP TRIGGER IF EXISTS spread_changed ON vault_grant;
CREATE TRIGGER spread_changed AFTER UPDATE ON vault_grant
  REFERENCING NEW TABLE AS changed OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION vault_spread();
DROP TRIGGER IF EXISTS spread_gone ON vault_grant;
CREATE TRIGGER spread_gone AFTER DELETE ON vault_grant
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION vault_spread();

-- A desk's shard of names looks again at a case when an identity is written or erased, and when the
-- desk begins or ceases to hold its key. No key is needed for that, so it holds for every door and
-- for the worker: whoever ends a grant leaves the mark in the same statement.
CREATE OR REPLACE FUNCTION cases_look_again() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  identity cases_identity := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
  INSERT INTO cases_pending (ref, desk_id, "case")
    SELECT gen_random_uuid(), d.id, identity.case_id
    FROM vault_envelope e, unnest(e.desks) o JOIN network_desk d ON d.id = o
    WHERE e.ref = identity.envelope_id;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS look_again ON cases_identity;
CREATE TRIGGER look_again AFTER INSERT OR DELETE ON cases_identity
  FOR EACH ROW EXECUTE FUNCTION cases_look_again();

CREATE OR REPLACE FUNCTION cases_access_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO cases_pending (ref, desk_id, "case")
    SELECT gen_random_uuid(), d.id, NEW.record
    FROM network_desk d
    WHERE (d.id = ANY (OLD.desks)) <> (d.id = ANY (NEW.desks))
      AND EXISTS (SELECT 1 FROM cases_identity i WHERE i.envelope_id = NEW.ref);
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS access_changed ON vault_envelope;
CREATE TRIGGER access_changed AFTER UPDATE OF desks ON vault_envelope
  FOR EACH ROW WHEN (NEW.compartment = 'identity' AND OLD.desks IS DISTINCT FROM NEW.desks)
  EXECUTE FUNCTION cases_access_changed();

-- The desks of a case are those of its record, whatever is written.
CREATE OR REPLACE FUNCTION cases_begin() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  NEW.desks := vault_desks_of(NEW.ref);
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS begin_desks ON cases_case;
CREATE TRIGGER begin_desks BEFORE INSERT OR UPDATE OF desks ON cases_case
  FOR EACH ROW EXECUTE FUNCTION cases_begin();

-- Nothing opens to another desk without a consent that covers exactly that, and none is given to a
-- desk by its receiver. A consent is held while it is used: taken back meanwhile, its end comes after.
CREATE OR REPLACE FUNCTION cases_consent_covers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  envelope vault_envelope;
  recipient vault_keypair;
BEGIN
  IF simpul_door() <> 'simpul_workspace' THEN
    RETURN NEW;
  END IF;
  SELECT * INTO envelope FROM vault_envelope e WHERE e.ref = NEW.envelope_id;
  SELECT * INTO recipient FROM vault_keypair k WHERE k.ref = NEW.recipient_id;
  IF NEW.desk IS DISTINCT FROM recipient.desk THEN
    RAISE EXCEPTION 'no consent covers this grant' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.desk = ANY (simpul_desks()) AND vault_leads(envelope.record) THEN
    RETURN NEW;
  END IF;
  IF recipient.kind = 'reporter' AND EXISTS (
       SELECT 1 FROM reports_report r WHERE r.keypair_id = recipient.ref
         AND (envelope.record IN (r.ref, r.dialogue) AND envelope.key_version = 1
              OR envelope.record IN (
                SELECT f.ref FROM referrals_referral f JOIN cases_case c ON c.ref = f.case_id
                WHERE c.report_id = r.ref AND c.reporter_is_survivor)))
  THEN
    RETURN NEW;  -- her own report, and what is asked for her
  END IF;
  IF NEW.basis = 'choice' AND EXISTS (
       SELECT 1 FROM reports_report r WHERE r.ref = ANY (NEW.tags) AND r.state = 'new'
         AND envelope.record IN (r.ref, r.dialogue) AND NEW.desk IN (r.receiver_id, r.fallback_id))
  THEN
    RETURN NEW;  -- a walk-in report that this desk files for someone, to whom she chose
  END IF;
  IF NEW.basis = 'consent' AND NEW.until_at IS NOT NULL THEN
    PERFORM 1 FROM cases_consent c
    WHERE c.ref = ANY (NEW.tags) AND c.desk_id = NEW.desk AND c.withdrawn_at IS NULL
      AND NEW.until_at::date <= c.until_on AND vault_leads(c.case_id)
      AND (envelope.record = c.case_id AND envelope.compartment = ANY (c.compartments)
           OR EXISTS (SELECT 1 FROM referrals_referral f
                      WHERE f.ref = envelope.record AND f.consent_id = c.ref
                        AND f.to_desk_id = c.desk_id))
    FOR SHARE OF c;
    IF FOUND THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'no consent covers this grant' USING ERRCODE = 'insufficient_privilege';
END $$;
DROP TRIGGER IF EXISTS consent_covers ON vault_grant;
CREATE TRIGGER consent_covers BEFORE INSERT ON vault_grant
  FOR EACH ROW EXECUTE FUNCTION cases_consent_covers();

-- A grant moves forward only: dormant, live, ended. Doors may end; waking is a function's.
CREATE OR REPLACE FUNCTION vault_grant_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'ended' OR NEW.state = 'dormant' THEN
    RAISE EXCEPTION 'a grant cannot go back from % to %', OLD.state, NEW.state;
  END IF;
  IF NEW.state = 'ended' THEN
    NEW.sealed := '';  -- nobody can bring back what is gone
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS forward ON vault_grant;
CREATE TRIGGER forward BEFORE UPDATE OF state ON vault_grant
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION vault_grant_forward();

-- What of a desk's grants still lies under an older key, for a member who seals it anew. The desk may
-- not see the envelope of a sleeping grant; it learns which record, which its policy tells it anyway.
CREATE OR REPLACE FUNCTION vault_stale_count(of_desk int) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT count(*) FROM vault_keypair k JOIN vault_grant g ON g.recipient_id = k.ref
  WHERE k.kind = 'desk' AND k.desk = of_desk AND g.state <> 'ended'
    AND of_desk = ANY (simpul_desks())
    AND k.ref <> (SELECT d.keypair_id FROM network_desk d WHERE d.id = of_desk)
$$;

CREATE OR REPLACE FUNCTION vault_stale(of_desk int, after uuid, most int) RETURNS TABLE (
  ref uuid, envelope uuid, recipient uuid, epoch smallint, desk int, sealed bytea, basis varchar,
  tags uuid[], until_at timestamptz, granted_by uuid, kind varchar, verifying bytea,
  signature bytea, witness bytea, record uuid, compartment varchar, key_version smallint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  old vault_keypair;
BEGIN
  SELECT k.* INTO old FROM vault_keypair k
  WHERE k.kind = 'desk' AND k.desk = of_desk AND of_desk = ANY (simpul_desks())
    AND k.ref <> (SELECT d.keypair_id FROM network_desk d WHERE d.id = of_desk)
    AND EXISTS (SELECT 1 FROM vault_grant g
                WHERE g.recipient_id = k.ref AND g.state <> 'ended' AND g.ref > after)
  ORDER BY k.epoch LIMIT 1;
  RETURN QUERY
  SELECT g.ref, g.envelope_id, g.recipient_id, old.epoch, g.desk, g.sealed, g.basis, g.tags, g.until_at,
         g.granted_by_id, s.kind, s.verifying, g.signature, g.witness, e.record, e.compartment,
         e.key_version
  FROM vault_grant g JOIN vault_envelope e ON e.ref = g.envelope_id
  JOIN vault_keypair s ON s.ref = g.granted_by_id
  WHERE g.recipient_id = old.ref AND g.state <> 'ended' AND g.ref > after
  ORDER BY g.ref LIMIT most FOR UPDATE OF g SKIP LOCKED;
END $$;

CREATE OR REPLACE FUNCTION vault_reseal(
  of_desk int, key uuid, refs uuid[], sealed_ bytea[], signatures bytea[], witnesses bytea[]
) RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  done int;
BEGIN
  IF NOT of_desk = ANY (simpul_desks())
     OR key IS DISTINCT FROM (SELECT d.keypair_id FROM network_desk d WHERE d.id = of_desk) THEN
    RAISE EXCEPTION 'not the present key of a desk of one''s own'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE vault_grant g SET sealed = n.sealed, recipient_id = key, granted_by_id = simpul_person(),
    signature = n.signature, witness = n.witness
  FROM unnest(refs, sealed_, signatures, witnesses) AS n(ref, sealed, signature, witness),
       vault_keypair k
  WHERE g.ref = n.ref AND g.desk = of_desk AND g.state <> 'ended'
    AND k.ref = g.recipient_id AND k.kind = 'desk' AND k.desk = of_desk;
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $$;

CREATE OR REPLACE FUNCTION vault_forget_epochs(of_desk int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  gone int;
BEGIN
  DELETE FROM vault_keycopy c USING vault_keypair k
  WHERE c.keypair_id = k.ref AND k.kind = 'desk' AND k.desk = of_desk
    AND of_desk = ANY (simpul_desks())
    AND k.ref <> (SELECT d.keypair_id FROM network_desk d WHERE d.id = of_desk)
    AND NOT EXISTS (SELECT 1 FROM vault_grant g
                    WHERE g.recipient_id = k.ref AND g.state <> 'ended');
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;
GRANT EXECUTE ON FUNCTION vault_stale_count, vault_stale, vault_reseal, vault_forget_epochs
  TO simpul_workspace;

-- The newest key version of each compartment, also of those that are closed to the one who asks.
CREATE OR REPLACE FUNCTION vault_versions(of_record uuid)
RETURNS TABLE (compartment varchar, key_version smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.compartment, max(e.key_version) FROM vault_envelope e
  WHERE e.record = of_record GROUP BY e.compartment
$$;
GRANT EXECUTE ON FUNCTION vault_versions TO simpul_workspace;

-- The line of an agency is its parent's and itself: nobody says it, so nobody can move up.
CREATE OR REPLACE FUNCTION network_line() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT coalesce((SELECT p.line FROM network_agency p WHERE p.id = NEW.parent_id), '{}') || NEW.id::int
    INTO NEW.line;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS line ON network_agency;
CREATE TRIGGER line BEFORE INSERT ON network_agency
  FOR EACH ROW EXECUTE FUNCTION network_line();

-- A file moves forward only: on its way, whole, struck out. What is struck out has no piece left.
CREATE OR REPLACE FUNCTION cases_document_forward() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.removed_at IS NOT NULL
     OR OLD.finished_at IS NOT NULL AND NEW.finished_at IS DISTINCT FROM OLD.finished_at
     OR NEW.removed_at IS NULL AND (NEW.about IS DISTINCT FROM OLD.about
        OR OLD.finished_at IS NOT NULL AND NEW.whole IS DISTINCT FROM OLD.whole) THEN
    RAISE EXCEPTION 'a file is not changed, only struck out';
  END IF;
  IF NEW.removed_at IS NOT NULL THEN
    DELETE FROM vault_piece p WHERE p.file = OLD.ref;
  ELSIF NEW.finished_at IS NOT NULL
     AND (SELECT count(*) FROM vault_piece p WHERE p.file = OLD.ref) <> OLD.pieces THEN
    RAISE EXCEPTION 'a file is whole when all its pieces are there';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS forward ON cases_document;
CREATE TRIGGER forward BEFORE UPDATE ON cases_document
  FOR EACH ROW EXECUTE FUNCTION cases_document_forward();

-- A running referral is an obligation of its case: the fact is pushed down, whoever changes it.
CREATE OR REPLACE FUNCTION referrals_oblige() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.state IN ('sent', 'accepted', 'reported') THEN
    INSERT INTO cases_obligation (ref, case_id, kind) VALUES (NEW.ref, NEW.case_id, 'referral')
      ON CONFLICT (ref) DO NOTHING;
  ELSE
    DELETE FROM cases_obligation WHERE ref = NEW.ref;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS oblige ON referrals_referral;
CREATE TRIGGER oblige AFTER INSERT OR UPDATE OF state ON referrals_referral
  FOR EACH ROW EXECUTE FUNCTION referrals_oblige();

-- Leaving a desk takes its key and every session with it.
CREATE OR REPLACE FUNCTION network_left() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  person uuid;
BEGIN
  SELECT u.keypair_id INTO person FROM accounts_user u WHERE u.id = NEW.user_id;
  DELETE FROM vault_keycopy k WHERE k.holder_id = person AND k.desk = NEW.desk_id;
  DELETE FROM accounts_session s WHERE s.user_id = NEW.user_id;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS left_desk ON network_membership;
CREATE TRIGGER left_desk AFTER UPDATE ON network_membership
  FOR EACH ROW WHEN (OLD.until_at IS NULL AND NEW.until_at IS NOT NULL)
  EXECUTE FUNCTION network_left();

-- A person's new key ends what her former one had: copies of desk keys, wrapped halves, sessions.
CREATE OR REPLACE FUNCTION accounts_rekeyed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM vault_keycopy WHERE holder_id = OLD.keypair_id;
  DELETE FROM vault_wrapped WHERE keypair_id = OLD.keypair_id;
  DELETE FROM vault_passkey WHERE keypair_id = OLD.keypair_id;
  DELETE FROM vault_recoverycode WHERE keypair_id = OLD.keypair_id;
  DELETE FROM accounts_session WHERE user_id = NEW.id;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS rekeyed ON accounts_user;
CREATE TRIGGER rekeyed AFTER UPDATE OF keypair_id ON accounts_user
  FOR EACH ROW WHEN (OLD.keypair_id IS DISTINCT FROM NEW.keypair_id)
  EXECUTE FUNCTION accounts_rekeyed();

-- Nobody shortens the days in which everybody may refuse; a drill is about a key that opens nothing.
CREATE OR REPLACE FUNCTION network_recovery_waits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.drill AND EXISTS (SELECT 1 FROM vault_keypair k
                           WHERE k.ref = NEW.keypair_id AND k.desk IS NOT NULL) THEN
    RAISE EXCEPTION 'a drill is never about a desk''s own key';
  END IF;
  IF NOT NEW.drill AND NEW.opens_at < now() + interval '72 hours' THEN
    NEW.opens_at := now() + interval '72 hours';
  END IF;
  NEW.refused_at := NULL; NEW.done_at := NULL;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS waits ON network_recovery;
CREATE TRIGGER waits BEFORE INSERT ON network_recovery
  FOR EACH ROW EXECUTE FUNCTION network_recovery_waits();

-- What custodians passed on goes with the end of the recovery, whoever ends it.
CREATE OR REPLACE FUNCTION network_recovery_ended() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM network_contribution WHERE recovery_id = NEW.ref;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS ended ON network_recovery;
CREATE TRIGGER ended AFTER UPDATE ON network_recovery
  FOR EACH ROW WHEN (NEW.refused_at IS NOT NULL OR NEW.done_at IS NOT NULL)
  EXECUTE FUNCTION network_recovery_ended();

-- Whether a desk's present key lies with the custodians whom this statement names.
CREATE OR REPLACE FUNCTION network_entrusted(of_desk int, statement text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM network_share s JOIN network_desk d ON d.id = s.desk_id
                 WHERE d.id = of_desk AND s.keypair_id = d.keypair_id AND s.custody = statement)
$$;
GRANT EXECUTE ON FUNCTION network_entrusted TO simpul_workspace;

-- Accepting a referral wakes exactly the grants that were sealed for it.
CREATE OR REPLACE FUNCTION referrals_wake(referral uuid) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  woken int;
BEGIN
  UPDATE vault_grant g SET state = 'live'
  FROM referrals_referral r, cases_consent c
  WHERE r.ref = referral AND r.state = 'accepted' AND r.to_desk_id = ANY (simpul_desks())
    AND c.ref = r.consent_id AND c.withdrawn_at IS NULL
    AND c.case_id = r.case_id AND c.desk_id = r.to_desk_id
    AND g.tags @> ARRAY[r.ref, c.ref] AND g.desk = r.to_desk_id AND g.state = 'dormant';
  GET DIAGNOSTICS woken = ROW_COUNT;
  RETURN woken;
END $$;
GRANT EXECUTE ON FUNCTION referrals_wake TO simpul_workspace;

-- A consent taken back withdraws the referrals that rest on it, whoever's list they are on.
CREATE OR REPLACE FUNCTION referrals_withdraw(consent uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE clocks_clock SET stopped_at = now() WHERE stopped_at IS NULL AND subject IN
    (SELECT r.ref FROM referrals_referral r JOIN cases_consent c ON c.ref = r.consent_id
     WHERE c.ref = consent AND c.withdrawn_at IS NOT NULL);
  UPDATE referrals_referral r SET state = 'withdrawn', ended_at = now()
  FROM cases_consent c
  WHERE c.ref = consent AND c.withdrawn_at IS NOT NULL AND r.consent_id = consent
    AND r.state NOT IN ('ended', 'declined', 'withdrawn');
$$;
GRANT EXECUTE ON FUNCTION referrals_withdraw TO simpul_workspace;

-- The worker's acts: metadata only, each checks for itself that it is due.
CREATE OR REPLACE FUNCTION worker_wake(report uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  SELECT * INTO r FROM reports_report WHERE ref = report FOR UPDATE;
  IF r.ref IS NULL OR r.state <> 'new' OR r.woken_at IS NOT NULL OR r.fallback_id IS NULL
     OR NOT EXISTS (SELECT 1 FROM clocks_clock k WHERE k.subject = report AND k.rule = 'K02'
                    AND k.stopped_at IS NULL AND k.due_at <= now()) THEN
    UPDATE clocks_clock SET missed_at = coalesce(missed_at, now())
      WHERE subject = report AND rule = 'K02' AND stopped_at IS NULL AND due_at <= now();
    RETURN false;
  END IF;
  UPDATE vault_grant SET state = 'live'
    WHERE tags @> ARRAY[report] AND desk = r.fallback_id AND state = 'dormant';
  UPDATE reports_report SET woken_at = now() WHERE ref = report;
  UPDATE clocks_clock SET missed_at = coalesce(missed_at, now())
    WHERE subject = report AND rule = 'K02' AND stopped_at IS NULL AND due_at <= now();
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    VALUES (gen_random_uuid(), 'K02', report, r.fallback_id, now(), now() + interval '24 hours');
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION worker_wake TO simpul_worker;

CREATE OR REPLACE FUNCTION worker_expire() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  ended int;
BEGIN
  UPDATE vault_grant SET state = 'ended', ended_at = now()
    WHERE state <> 'ended' AND until_at <= now();
  GET DIAGNOSTICS ended = ROW_COUNT;
  RETURN ended;
END $$;
GRANT EXECUTE ON FUNCTION worker_expire TO simpul_worker;

-- What is due to be erased: asked for and not refused within 72 hours (K18), or nobody came back
-- within the time that the report is kept, and no case grew from it.
CREATE OR REPLACE FUNCTION worker_erasable() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.ref FROM reports_report r
  WHERE r.state <> 'erased'
    AND (EXISTS (SELECT 1 FROM reports_erasure e
                 WHERE e.report_id = r.ref AND e.due_at <= now() AND e.done_at IS NULL
                   AND e.refused_at IS NULL AND e.cancelled_at IS NULL)
         OR coalesce(r.kept_on, (r.filed_at + interval '1 year')::date) < current_date
            AND NOT EXISTS (SELECT 1 FROM cases_case c WHERE c.report_id = r.ref))
  ORDER BY r.ref LIMIT 100
$$;

CREATE OR REPLACE FUNCTION worker_erase(report uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM reports_report r WHERE r.ref = report FOR UPDATE;
  RETURN report IN (SELECT worker_erasable()) AND reports_destroy(report, now());
END $$;
GRANT EXECUTE ON FUNCTION worker_erasable, worker_erase TO simpul_worker;

-- A member of the desk that answered carries an erasure out at once.
CREATE OR REPLACE FUNCTION reports_erase(erasure uuid) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  e reports_erasure;
BEGIN
  SELECT * INTO e FROM reports_erasure o WHERE o.ref = erasure AND o.desk_id = ANY (simpul_desks());
  PERFORM 1 FROM reports_report r WHERE r.ref = e.report_id FOR UPDATE;
  SELECT * INTO e FROM reports_erasure o WHERE o.ref = erasure;
  IF e.ref IS NULL OR e.done_at IS NOT NULL OR e.refused_at IS NOT NULL OR e.cancelled_at IS NOT NULL
     OR NOT e.desk_id = ANY (simpul_desks()) OR NOT reports_destroy(e.report_id, now()) THEN
    RETURN NULL;
  END IF;
  RETURN e.report_id;
END $$;

-- An erasure is refused by somebody who had no part in the report, in time, for a reason with a code.
CREATE OR REPLACE FUNCTION reports_refuse_erasure(erasure uuid, code text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  e reports_erasure;
BEGIN
  SELECT * INTO e FROM reports_erasure o WHERE o.ref = erasure;
  PERFORM 1 FROM reports_report r WHERE r.ref = e.report_id FOR UPDATE;
  SELECT * INTO e FROM reports_erasure o WHERE o.ref = erasure;
  IF e.ref IS NULL OR code = '' OR simpul_person() IS NULL OR e.due_at <= now()
     OR e.done_at IS NOT NULL OR e.refused_at IS NOT NULL OR e.cancelled_at IS NOT NULL
     OR NOT (e.desk_id = ANY (simpul_desks())
             OR simpul_supervises((SELECT d.agency_id FROM network_desk d WHERE d.id = e.desk_id)))
     OR reports_handled(e.report_id) THEN
    RETURN NULL;
  END IF;
  UPDATE reports_erasure o SET refused_at = now(), reason = code WHERE o.ref = e.ref;
  UPDATE clocks_clock c SET stopped_at = now()
    WHERE c.subject = e.report_id AND c.rule = 'K18' AND c.stopped_at IS NULL;
  RETURN e.report_id;
END $$;

-- Whether the person of the request ever did or read anything of a report or its referrals.
CREATE OR REPLACE FUNCTION reports_handled(report uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM vault_auditline a
                 WHERE a.actor = simpul_person()
                   AND (a.record = report
                        OR a.record IN (SELECT f.ref FROM referrals_referral f WHERE f.case_id = report)))
$$;
GRANT EXECUTE ON FUNCTION reports_erase, reports_refuse_erasure, reports_handled TO simpul_workspace;

-- Unusual reading: the cursor moves and the alarms are written together, or neither. A count that
-- grows opens the alarm again: who looked at fifteen has not looked at sixty.
CREATE OR REPLACE FUNCTION worker_alarms(before bigint, upto bigint, reached jsonb) RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  stands bigint;
BEGIN
  INSERT INTO network_alarmcursor ("only", number) VALUES (true, 0) ON CONFLICT DO NOTHING;
  SELECT c.number INTO stands FROM network_alarmcursor c FOR UPDATE;
  IF stands <> before OR upto <= before THEN
    RETURN;
  END IF;
  UPDATE network_alarmcursor SET number = upto;
  RETURN QUERY
  WITH put AS (
    INSERT INTO network_alarm AS old
      (ref, rule, person, desk_id, agency_id, hour_at, count, made_at, reason)
    SELECT gen_random_uuid(), f.rule, f.person, f.desk_id, coalesce(
        (SELECT d.agency_id FROM network_desk d WHERE d.id = f.desk_id),
        (SELECT a.agency_id FROM network_administrator a JOIN accounts_user u ON u.id = a.user_id
         WHERE u.keypair_id = f.person),
        (SELECT d.agency_id FROM network_membership m JOIN network_desk d ON d.id = m.desk_id
         JOIN accounts_user u ON u.id = m.user_id WHERE u.keypair_id = f.person
         ORDER BY m.from_at DESC LIMIT 1),
        (SELECT g.id FROM network_agency g WHERE g.parent_id IS NULL ORDER BY g.id LIMIT 1)),
      f.hour_at, f.count, f.made_at, ''
    FROM jsonb_populate_recordset(NULL::network_alarm, reached) f
    ON CONFLICT (rule, person, hour_at) DO UPDATE
      SET count = excluded.count, seen_at = NULL, seen_by = NULL, reason = ''
      WHERE excluded.count > old.count
    RETURNING old.ref AS raised, old.xmax::text = '0' AS is_new -- 0: inserted, not updated
  )
  SELECT raised FROM put WHERE is_new;
END $$;
GRANT EXECUTE ON FUNCTION worker_alarms TO simpul_worker;

-- A file that nobody went on sending for a day is taken away with its pieces.
CREATE OR REPLACE FUNCTION worker_drop_unfinished(document uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  DELETE FROM cases_document d WHERE d.ref = document AND d.finished_at IS NULL
    AND d.begun_at <= now() - interval '1 day';
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM vault_piece p WHERE p.file = document;
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION worker_drop_unfinished TO simpul_worker;
-- After a restore: ends again what had been ended since the backup was made. The owner's alone.
CREATE OR REPLACE FUNCTION owner_end_again(event text, record uuid, "row" uuid, at timestamptz)
RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  r reports_report;
BEGIN
  IF event = 'reports.withdrawn' THEN
    SELECT * INTO r FROM reports_report o WHERE o.ref = record;
    PERFORM set_config('simpul.receipt', encode(r.lookup, 'hex'), true);
    PERFORM public_withdraw_report();
    PERFORM set_config('simpul.receipt', '', true);
  ELSIF event = 'reports.moved' THEN  -- the new desk's keys were not in the backup: she chooses again
    SELECT * INTO r FROM reports_report o WHERE o.ref = record;
    PERFORM set_config('simpul.receipt', encode(r.lookup, 'hex'), true);
    PERFORM public_withdraw_report();
    PERFORM set_config('simpul.receipt', '', true);
  ELSIF event = 'reports.part_closed' THEN
    UPDATE vault_grant g SET state = 'ended', ended_at = at
      FROM reports_part p
      WHERE p.ref = "row" AND g.envelope_id = p.envelope_id AND g.desk IS NOT NULL
        AND g.state <> 'ended';
  ELSIF event = 'reports.frozen' THEN
    PERFORM reports_freeze(record, at);
  ELSIF event = 'reports.erasure_asked' THEN
    PERFORM reports_freeze(record, at);
    INSERT INTO reports_erasure (ref, report_id, desk_id, asked_at, due_at, reason)
      SELECT "row", o.ref, coalesce(o.taken_by_id, o.receiver_id), at, at + interval '72 hours', ''
      FROM reports_report o WHERE o.ref = record AND o.state <> 'erased'
      ON CONFLICT DO NOTHING;
  ELSIF event = 'reports.erasure_cancelled' THEN
    UPDATE reports_erasure o SET cancelled_at = at WHERE o.ref = "row" AND o.done_at IS NULL;
  ELSIF event = 'reports.erasure_refused' THEN  -- its code was not in the log; the refusal stands
    UPDATE reports_erasure o SET refused_at = at, reason = 'restored'
      WHERE o.ref = "row" AND o.done_at IS NULL AND o.refused_at IS NULL;
  ELSIF event = 'reports.erased' THEN
    PERFORM reports_destroy(record, at);
  ELSIF event = 'cases.consent_withdrawn' THEN
    UPDATE cases_consent c SET withdrawn_at = at WHERE c.ref = "row" AND c.withdrawn_at IS NULL;
    UPDATE vault_grant g SET state = 'ended', ended_at = at
      WHERE g.tags @> ARRAY["row"] AND g.state <> 'ended';
    UPDATE cases_share s SET ended_at = at WHERE s.consent_id = "row" AND s.ended_at IS NULL;
    PERFORM referrals_withdraw("row");
  ELSIF event = 'cases.share_ended' THEN
    UPDATE vault_grant g SET state = 'ended', ended_at = at
      WHERE g.tags @> ARRAY["row"] AND g.state <> 'ended';
    UPDATE cases_share s SET ended_at = at WHERE s.ref = "row" AND s.ended_at IS NULL;
  ELSIF event = 'cases.closed' THEN  -- the shares; the case itself its desk can close again
    UPDATE vault_grant g SET state = 'ended', ended_at = at
      FROM cases_share s
      WHERE s.case_id = record AND s.ended_at IS NULL AND g.tags @> ARRAY[s.ref]
        AND g.state <> 'ended';
    UPDATE cases_share s SET ended_at = at WHERE s.case_id = record AND s.ended_at IS NULL;
  ELSIF event IN ('referrals.declined', 'referrals.ended') THEN
    UPDATE vault_grant g SET state = 'ended', ended_at = at
      WHERE g.tags @> ARRAY[record] AND g.state <> 'ended';
    UPDATE referrals_referral f SET state = 'ended', ended_at = at
      WHERE f.ref = record AND f.state NOT IN ('ended', 'declined', 'withdrawn');
    UPDATE clocks_clock c SET stopped_at = at WHERE c.subject = record AND c.stopped_at IS NULL;
  ELSIF event = 'network.removed' THEN  -- her key copies and sessions go by trigger
    UPDATE network_membership m SET until_at = at WHERE m.ref = "row" AND m.until_at IS NULL;
  ELSIF event = 'network.dismissed' THEN
    DELETE FROM network_administrator a USING accounts_user u
      WHERE u.keypair_id = "row" AND a.user_id = u.id;
    DELETE FROM accounts_session s USING accounts_user u
      WHERE u.keypair_id = "row" AND s.user_id = u.id;
  ELSIF event = 'reports.receipt_replaced' THEN
    -- The new words' key was not in the backup. The old words, which somebody else had seen, must
    -- not open again: the desk reads on, and she comes back with a new report.
    UPDATE vault_grant g SET state = 'ended', ended_at = at
      FROM reports_report o
      WHERE o.ref = record AND g.recipient_id = o.keypair_id AND g.state <> 'ended';
  ELSE
    RAISE EXCEPTION 'not an ending: %', event;
  END IF;
END $$;
