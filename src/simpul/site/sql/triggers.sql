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
    IF event = 'handoffs.asked' THEN
      -- Nobody's receipt: a new row is told of once, and never told otherwise.
      SELECT h.ref INTO own FROM handoffs_handoff h WHERE h.ref = "row" AND h.state = 'waiting'
        AND NOT EXISTS (SELECT 1 FROM vault_auditline a WHERE a."row" = h.ref);
      actor := NULL; record := own;
    ELSIF event LIKE 'reports.%' OR event LIKE 'cases.%' OR event LIKE 'referrals.%' THEN
      record := own;
    ELSE
      RAISE EXCEPTION 'not an event of the public door: %', event;
    END IF;
    desk := NULL;
    IF NOT EXISTS (SELECT 1 FROM handoffs_handoff o WHERE o.ref = "row" AND o.ref = own
                   UNION ALL SELECT 1 FROM reports_part o WHERE o.ref = "row" AND o.report_id = own
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
  UPDATE reports_question q SET answer = '', answered_at = NULL, pair = NULL
    WHERE q.report_id = r.ref AND q.answer <> '';  -- the link goes with the yes
  DELETE FROM reports_question q WHERE q.report_id = r.ref;
  DELETE FROM reports_attachment a WHERE a.report_id = r.ref;
  DELETE FROM reports_message m WHERE m.report_id = r.ref;
  DELETE FROM reports_part p WHERE p.report_id = r.ref;
  DELETE FROM cases_label o WHERE o.case_id = k;
  DELETE FROM cases_entry o WHERE o.case_id = k;
  DELETE FROM cases_identity o WHERE o.case_id = k;
  DELETE FROM cases_nextaction o WHERE o.case_id = r.ref;  -- a step may lie in her messages' record
  DELETE FROM cases_closure o WHERE o.case_id = k;
  DELETE FROM cases_arrival o WHERE o.case_id = k;
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

-- A desk throws its damaged shard away: every case whose identity it may open is looked at again.
CREATE OR REPLACE FUNCTION cases_names_anew(of_desk bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT of_desk = ANY (simpul_desks()) THEN
    RAISE EXCEPTION 'a desk throws away its own names alone';
  END IF;
  DELETE FROM cases_shard WHERE desk_id = of_desk;
  INSERT INTO cases_pending (ref, desk_id, "case")
    SELECT gen_random_uuid(), of_desk, i.case_id
    FROM cases_identity i JOIN vault_envelope e ON e.ref = i.envelope_id
    WHERE of_desk = ANY (e.desks) GROUP BY i.case_id;
END $$;
GRANT EXECUTE ON FUNCTION cases_names_anew TO simpul_workspace;

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
-- On what records were open to which desk, for the worker that looks for unusual reading: no key.
CREATE OR REPLACE FUNCTION worker_coverings(records uuid[])
RETURNS TABLE (record uuid, basis varchar, desk int, since timestamptz, until timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT e.record, g.basis, g.desk, g.created_at, least(g.until_at, g.ended_at)
    FROM vault_envelope e JOIN vault_grant g ON g.envelope_id = e.ref
    WHERE e.record = ANY (records) AND g.desk IS NOT NULL AND g.state <> 'dormant'
$$;
GRANT EXECUTE ON FUNCTION worker_coverings TO simpul_worker;

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
-- The receiving desk -----------------------------------------------------------------------------

-- When something is due on a report: the earliest of its running clocks, of each rule the latest.
-- What stops being late ends what was told outside the unit about it.
CREATE OR REPLACE FUNCTION reports_due() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE reports_report r SET due_at = (
    SELECT min(of_rule.at) FROM (
      SELECT max(CASE c.rule WHEN 'K31' THEN c.started_at ELSE c.due_at END) AS at
      FROM clocks_clock c WHERE c.subject = r.ref AND c.stopped_at IS NULL GROUP BY c.rule) of_rule)
  WHERE r.ref = NEW.subject;
  IF NEW.stopped_at IS NOT NULL THEN
    UPDATE reports_escalation e SET ended_at = NEW.stopped_at
    WHERE e.report_id = NEW.subject AND e.ended_at IS NULL
      AND e.what = CASE NEW.rule WHEN 'K31' THEN 'next_action' WHEN 'K02' THEN 'unanswered' END;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS due ON clocks_clock;
CREATE TRIGGER due AFTER INSERT OR UPDATE OF stopped_at ON clocks_clock
  FOR EACH ROW EXECUTE FUNCTION reports_due();

-- Whether a person sits at a desk now, and what she has said of ties to this report.
CREATE OR REPLACE FUNCTION reports_may_own(of_report uuid, person bigint, of_desk bigint, deputy boolean)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM network_membership m
                 WHERE m.user_id = person AND m.desk_id = of_desk AND m.until_at IS NULL)
     AND coalesce((SELECT d.tie = 'no' FROM reports_declaration d
                   WHERE d.report_id = of_report AND d.user_id = person), deputy)
$$;

-- An owner sits at the desk that took the report up, and has said that she is not tied to anybody in
-- it. A deputy sits there and has not said that she is. What is taken up waits in no tray.
CREATE OR REPLACE FUNCTION reports_owned() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.owner_id IS DISTINCT FROM OLD.owner_id AND NEW.owner_id IS NOT NULL
     AND NOT reports_may_own(NEW.ref, NEW.owner_id, NEW.taken_by_id, false)
     OR NEW.deputy_id IS DISTINCT FROM OLD.deputy_id AND NEW.deputy_id IS NOT NULL
     AND NOT reports_may_own(NEW.ref, NEW.deputy_id, NEW.taken_by_id, true) THEN
    RAISE EXCEPTION 'not an owner: elsewhere, tied, or not asked'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.state <> OLD.state THEN
    NEW.held := false;
    IF NEW.state = 'new' THEN
      NEW.owner_id := NULL; NEW.deputy_id := NULL;
    END IF;
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS owned ON reports_report;
CREATE TRIGGER owned BEFORE UPDATE OF state, owner_id, deputy_id ON reports_report
  FOR EACH ROW EXECUTE FUNCTION reports_owned();

-- A new owner is the owner of the case, too. A report that is taken up or stopped waits in no tray;
-- one that is stopped is handled together with no other.
CREATE OR REPLACE FUNCTION reports_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.owner_id IS NOT NULL AND NEW.owner_id IS DISTINCT FROM OLD.owner_id THEN
    UPDATE cases_case SET owner_id = NEW.owner_id WHERE report_id = NEW.ref;
  END IF;
  IF NEW.state <> OLD.state AND NEW.state <> 'new' THEN
    UPDATE reports_setaside SET ended_at = now() WHERE report_id = NEW.ref AND ended_at IS NULL;
  END IF;
  IF NEW.state <> OLD.state AND NEW.state = 'withdrawn' THEN
    UPDATE reports_question SET answer = '', answered_at = NULL, pair = NULL
      WHERE report_id = NEW.ref AND answer <> '';
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS changed ON reports_report;
CREATE TRIGGER changed AFTER UPDATE OF state, owner_id ON reports_report
  FOR EACH ROW EXECUTE FUNCTION reports_changed();

-- A case that is made after its owner was named.
CREATE OR REPLACE FUNCTION cases_owner() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  SELECT coalesce(r.owner_id, NEW.owner_id) INTO NEW.owner_id
    FROM reports_report r WHERE r.ref = NEW.report_id;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS owner ON cases_case;
CREATE TRIGGER owner BEFORE INSERT OR UPDATE OF owner_id ON cases_case
  FOR EACH ROW EXECUTE FUNCTION cases_owner();

-- Somebody who owns or represents goes: her deputy follows if she has said that she is free, or the
-- report has no owner and says so.
CREATE OR REPLACE FUNCTION reports_without(person bigint, of_desk bigint, of_report uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE reports_report r
  SET owner_id = CASE WHEN r.owner_id IS DISTINCT FROM person THEN r.owner_id
                      WHEN reports_may_own(r.ref, r.deputy_id, r.taken_by_id, false) THEN r.deputy_id END,
      deputy_id = CASE WHEN r.deputy_id <> person AND (r.owner_id <> person
                            OR NOT reports_may_own(r.ref, r.deputy_id, r.taken_by_id, false))
                       THEN r.deputy_id END
  WHERE person IN (r.owner_id, r.deputy_id) AND r.taken_by_id = of_desk
    AND (of_report IS NULL OR r.ref = of_report)
$$;

CREATE OR REPLACE FUNCTION reports_member_left() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM reports_without(NEW.user_id, NEW.desk_id, NULL);
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS owner_left ON network_membership;
CREATE TRIGGER owner_left AFTER UPDATE ON network_membership
  FOR EACH ROW WHEN (OLD.until_at IS NULL AND NEW.until_at IS NOT NULL)
  EXECUTE FUNCTION reports_member_left();

-- Who once said that she is tied stays out; who learns it later ceases to own in the same statement.
CREATE OR REPLACE FUNCTION reports_declared() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.tie = 'yes' AND NEW.tie <> 'yes' THEN
    RAISE EXCEPTION 'a tie that was declared stays declared';
  END IF;
  IF NEW.tie <> 'no' THEN
    PERFORM reports_without(NEW.user_id, r.taken_by_id, r.ref)
      FROM reports_report r WHERE r.ref = NEW.report_id AND r.taken_by_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS declared ON reports_declaration;
CREATE TRIGGER declared AFTER INSERT OR UPDATE ON reports_declaration
  FOR EACH ROW EXECUTE FUNCTION reports_declared();

-- Whether a person has opened a report, by the chain.
CREATE OR REPLACE FUNCTION reports_has_read(person bigint, of_report uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM vault_auditline a JOIN accounts_user u ON u.keypair_id = a.actor
                 WHERE u.id = person AND a.record = of_report AND a.event = 'reports.read')
$$;

-- Setting aside takes two who have read, and an attempt to answer where danger is claimed.
CREATE OR REPLACE FUNCTION reports_set_aside() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'it is back in the inbox already';
  END IF;
  IF NEW.ended_at IS NOT NULL THEN
    RETURN NEW;
  END IF;
  SELECT * INTO r FROM reports_report o WHERE o.ref = NEW.report_id FOR NO KEY UPDATE;
  IF r.state <> 'new'
     OR r.urgent AND NOT EXISTS (SELECT 1 FROM reports_message m
                                 WHERE m.report_id = r.ref AND m.desk_id IS NOT NULL)
     OR NOT reports_has_read(NEW.asked_by_id, r.ref)
     OR TG_OP = 'UPDATE' AND (NEW.agreed_by_id IS NULL OR NEW.agreed_by_id = NEW.asked_by_id
        OR NOT simpul_is(NEW.agreed_by_id) OR NOT reports_has_read(NEW.agreed_by_id, r.ref)) THEN
    RAISE EXCEPTION 'a report is set aside by two who have read it, after an attempt to answer'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS two_agree ON reports_setaside;
CREATE TRIGGER two_agree BEFORE INSERT OR UPDATE ON reports_setaside
  FOR EACH ROW EXECUTE FUNCTION reports_set_aside();

-- Set aside, the first reply waits no more and a second look begins; back, the reply is due again.
CREATE OR REPLACE FUNCTION reports_aside() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.ref = NEW.report_id FOR NO KEY UPDATE;
  IF NEW.ended_at IS NULL THEN
    IF NEW.agreed_at IS DISTINCT FROM OLD.agreed_at THEN
      UPDATE clocks_clock SET stopped_at = now()
        WHERE subject = r.ref AND rule IN ('K02', 'K32') AND stopped_at IS NULL;
      INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
        VALUES (gen_random_uuid(), 'K32', r.ref, r.receiver_id, now(), now() + interval '7 days');
      UPDATE reports_report SET aside_at = NEW.agreed_at, held = false WHERE ref = r.ref;
    END IF;
  ELSIF r.aside_at IS NOT NULL THEN
    UPDATE reports_report SET aside_at = NULL WHERE ref = r.ref;
    UPDATE clocks_clock SET stopped_at = now()
      WHERE subject = r.ref AND rule = 'K32' AND stopped_at IS NULL;
    IF r.state = 'new' THEN
      INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
        VALUES (gen_random_uuid(), 'K02', r.ref, r.receiver_id, now(),
                now() + CASE WHEN r.urgent THEN interval '1 hour' ELSE interval '24 hours' END);
    END IF;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS aside ON reports_setaside;
CREATE TRIGGER aside AFTER UPDATE ON reports_setaside
  FOR EACH ROW EXECUTE FUNCTION reports_aside();

-- A word from the reporter brings her report back at once, whatever two colleagues thought of it.
CREATE OR REPLACE FUNCTION reports_wrote_again() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM reports_report r WHERE r.ref = NEW.report_id
    AND EXISTS (SELECT 1 FROM reports_setaside s WHERE s.report_id = r.ref AND s.ended_at IS NULL)
    FOR NO KEY UPDATE;  -- the report first, like everybody who changes how it stands
  UPDATE reports_setaside SET ended_at = now() WHERE report_id = NEW.report_id AND ended_at IS NULL;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS wrote_again ON reports_message;
CREATE TRIGGER wrote_again AFTER INSERT ON reports_message
  FOR EACH ROW WHEN (NEW.desk_id IS NULL) EXECUTE FUNCTION reports_wrote_again();
DROP TRIGGER IF EXISTS wrote_again ON reports_attachment;
CREATE TRIGGER wrote_again AFTER INSERT ON reports_attachment
  FOR EACH ROW EXECUTE FUNCTION reports_wrote_again();

-- Two reports are one event only while both reporters say yes to the same question of the same desk.
CREATE OR REPLACE FUNCTION reports_answered() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF OLD.pair IS NOT NULL AND NEW.pair IS DISTINCT FROM OLD.pair THEN
    DELETE FROM reports_link WHERE pair = OLD.pair;
  END IF;
  IF NEW.pair IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(NEW.pair::text, 0));  -- both at the same moment
    INSERT INTO reports_link (pair, first_id, second_id, made_at)
      SELECT NEW.pair, least(o.report_id, NEW.report_id), greatest(o.report_id, NEW.report_id), now()
      FROM reports_question o
      WHERE o.pair = NEW.pair AND o.ref <> NEW.ref AND o.answer = 'yes' AND o.desk_id = NEW.desk_id
        AND o.report_id <> NEW.report_id LIMIT 1
      ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS answered ON reports_question;
CREATE TRIGGER answered AFTER UPDATE OF answer, pair ON reports_question
  FOR EACH ROW EXECUTE FUNCTION reports_answered();

CREATE OR REPLACE FUNCTION reports_linked() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF (SELECT count(DISTINCT q.report_id) FROM reports_question q
      WHERE q.pair = NEW.pair AND q.answer = 'yes'
        AND q.report_id IN (NEW.first_id, NEW.second_id)) <> 2 THEN
    RAISE EXCEPTION 'no link without the yes of both' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS both_said_yes ON reports_link;
CREATE TRIGGER both_said_yes BEFORE INSERT OR UPDATE ON reports_link
  FOR EACH ROW EXECUTE FUNCTION reports_linked();

-- Reports that only looked like a flood go back to the others, many at a time.
CREATE OR REPLACE FUNCTION reports_release(reports uuid[]) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  released int;
BEGIN
  UPDATE reports_report r SET held = false
    WHERE r.ref = ANY (reports) AND r.held AND r.desks && simpul_desks();
  GET DIAGNOSTICS released = ROW_COUNT;
  RETURN released;
END $$;
GRANT EXECUTE ON FUNCTION reports_release TO simpul_workspace;

-- Nobody at the receiving desk is free of ties, or it has one member and a second pair of eyes is
-- needed: the fallback desk that the reporter agreed to opens the report now, not after the clock.
CREATE OR REPLACE FUNCTION reports_pass_on(report uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
  members int;
  free int;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.ref = report FOR UPDATE;
  IF r.ref IS NULL OR r.state <> 'new' OR r.woken_at IS NOT NULL OR r.fallback_id IS NULL
     OR NOT r.receiver_id = ANY (simpul_desks()) THEN
    RETURN false;
  END IF;
  SELECT count(*), count(*) FILTER (WHERE reports_may_own(r.ref, m.user_id, m.desk_id, true))
    INTO members, free
    FROM network_membership m WHERE m.desk_id = r.receiver_id AND m.until_at IS NULL;
  IF free > 0 AND (members > 1 OR NOT EXISTS (
       SELECT 1 FROM reports_setaside s WHERE s.report_id = r.ref AND s.ended_at IS NULL)) THEN
    RETURN false;
  END IF;
  UPDATE vault_grant g SET state = 'live'
    WHERE g.tags @> ARRAY[r.ref] AND g.desk = r.fallback_id AND g.state = 'dormant';
  UPDATE reports_report SET woken_at = now() WHERE ref = r.ref;
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    VALUES (gen_random_uuid(), 'K02', r.ref, r.fallback_id, now(), now() + interval '24 hours');
  IF free = 0 THEN
    UPDATE vault_grant g SET state = 'ended', ended_at = now()
      WHERE g.tags @> ARRAY[r.ref] AND g.desk = r.receiver_id AND g.state <> 'ended';
  END IF;
  RETURN true;
END $$;
GRANT EXECUTE ON FUNCTION reports_pass_on TO simpul_workspace;

-- What is two days late, and told to nobody yet: the worker asks, and tells. Metadata alone.
CREATE OR REPLACE FUNCTION worker_lateness(of_report uuid)
RETURNS TABLE (subject uuid, what text, since timestamptz, desk bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.subject, w.what, w.since, c.desk_id
  FROM clocks_clock c
  CROSS JOIN LATERAL (SELECT CASE c.rule WHEN 'K31' THEN 'next_action' ELSE 'unanswered' END AS what,
                             CASE c.rule WHEN 'K31' THEN c.started_at ELSE c.due_at END AS since) w
  WHERE c.stopped_at IS NULL AND (of_report IS NULL OR c.subject = of_report)
    AND (c.rule = 'K31' AND c.due_at <= now()
         OR c.rule = 'K02' AND c.due_at <= now() - interval '48 hours'
            AND NOT EXISTS (SELECT 1 FROM clocks_clock o WHERE o.subject = c.subject
                            AND o.rule = 'K02' AND o.stopped_at IS NULL AND o.due_at > c.due_at))
    AND NOT EXISTS (SELECT 1 FROM reports_escalation e
                    WHERE e.report_id = c.subject AND e.what = w.what AND e.since_at = w.since)
  ORDER BY w.since, c.ref
$$;

CREATE OR REPLACE FUNCTION worker_late() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT l.subject FROM worker_lateness(NULL) l LIMIT 500
$$;

CREATE OR REPLACE FUNCTION worker_escalate(report uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.ref = report FOR UPDATE;
  INSERT INTO reports_escalation (ref, report_id, code, what, since_at, desk_id, late_desk_id, told_at)
    SELECT gen_random_uuid(), r.ref, r.code, l.what, l.since,
           NULLIF(r.outside_id, coalesce(r.taken_by_id, l.desk)), coalesce(r.taken_by_id, l.desk), now()
    FROM worker_lateness(report) l WHERE r.ref IS NOT NULL
    ON CONFLICT DO NOTHING;
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION worker_late, worker_escalate TO simpul_worker;

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

-- People who came together: at most fifty files, each in one group, and no group within a group.
CREATE OR REPLACE FUNCTION cases_arrival_fits() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM cases_case c WHERE c.ref = NEW.group_id FOR NO KEY UPDATE;
  IF NEW.case_id = NEW.group_id
     OR EXISTS (SELECT 1 FROM cases_arrival a WHERE a.case_id = NEW.group_id)
     OR EXISTS (SELECT 1 FROM cases_arrival a WHERE a.group_id = NEW.case_id)
     OR (SELECT count(*) >= 50 FROM cases_arrival a WHERE a.group_id = NEW.group_id) THEN
    RAISE EXCEPTION 'not one of this group, or enough';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS fits ON cases_arrival;
CREATE TRIGGER fits BEFORE INSERT OR UPDATE ON cases_arrival
  FOR EACH ROW EXECUTE FUNCTION cases_arrival_fits();

-- A text or a reading moves forward only: proposed, approved by a second person, ended. What it says
-- never changes, and what was approved or ended stays so, whoever writes.
CREATE OR REPLACE FUNCTION wording_forward() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  may_change text[] := ARRAY['until_number', 'ended_at'];
BEGIN
  IF OLD.approved_at IS NULL THEN
    may_change := may_change || ARRAY['number', 'approved_by', 'approved_at', 'approval',
                                      'reviewer', 'reviewed_on', 'review_note'];
  END IF;
  IF OLD.ended_at IS NOT NULL OR to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change
     OR NEW.approved_at IS NOT NULL AND OLD.approved_at IS NULL
        AND (NEW.approved_by IS NULL OR NEW.approval IS NULL OR NEW.number IS NULL
             OR simpul_door() = 'simpul_workspace' AND NEW.approved_by <> simpul_person())
  THEN
    RAISE EXCEPTION 'a text moves forward only' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS forward ON wording_edition;
CREATE TRIGGER forward BEFORE UPDATE ON wording_edition
  FOR EACH ROW EXECUTE FUNCTION wording_forward();
DROP TRIGGER IF EXISTS forward ON wording_recording;
CREATE TRIGGER forward BEFORE UPDATE ON wording_recording
  FOR EACH ROW EXECUTE FUNCTION wording_forward();
