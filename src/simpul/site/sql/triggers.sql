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

-- Access is the grant: whenever grants change, the `desks` of their envelopes, reports and cases
-- are recomputed in the same statement. Locked first, so that of two who change the same record at
-- once the second counts what the first left.
CREATE OR REPLACE FUNCTION vault_spread() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  records uuid[];
BEGIN
  SELECT array_agg(DISTINCT e.record) INTO records
    FROM vault_envelope e WHERE e.ref IN (SELECT envelope_id FROM changed);
  PERFORM 1 FROM vault_envelope e WHERE e.record = ANY (records) ORDER BY e.ref FOR NO KEY UPDATE;
  UPDATE vault_envelope e SET desks = coalesce(
    (SELECT array_agg(DISTINCT g.desk ORDER BY g.desk) FROM vault_grant g
     WHERE g.envelope_id = e.ref AND g.state = 'live' AND g.desk IS NOT NULL), '{}')
  WHERE e.ref IN (SELECT envelope_id FROM changed);
  UPDATE reports_report r SET desks = vault_desks_of(r.ref)
    WHERE r.ref = ANY (records) AND r.desks IS DISTINCT FROM vault_desks_of(r.ref);
  UPDATE cases_case c SET desks = vault_desks_of(c.ref)
    WHERE c.ref = ANY (records) AND c.desks IS DISTINCT FROM vault_desks_of(c.ref);
  RETURN NULL;
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
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION vault_spread();
DROP TRIGGER IF EXISTS spread_gone ON vault_grant;
CREATE TRIGGER spread_gone AFTER DELETE ON vault_grant
  REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION vault_spread();

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
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS forward ON vault_grant;
CREATE TRIGGER forward BEFORE UPDATE OF state ON vault_grant
  FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION vault_grant_forward();

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
