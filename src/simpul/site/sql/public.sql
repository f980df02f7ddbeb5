-- The public door's only way to reports, cases, grants and audit: these functions, each bound to
-- the receipt of this transaction. tests/site/test_policies.py lists them all. Idempotent.

CREATE OR REPLACE FUNCTION public_own() RETURNS reports_report
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM reports_report r WHERE r.lookup = simpul_receipt()
$$;

-- The survivor's case, when the reporter is the survivor.
CREATE OR REPLACE FUNCTION public_own_case() RETURNS cases_case
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT c.* FROM cases_case c, public_own() r
  WHERE c.report_id = r.ref AND c.reporter_is_survivor
$$;

-- Twelve months after the month in which somebody last came back: no closer, so that the day on
-- which she read her answers stands nowhere.
CREATE OR REPLACE FUNCTION reports_kept_until(from_at timestamptz) RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT (date_trunc('month', from_at AT TIME ZONE 'UTC') + interval '13 months - 1 day')::date
$$;

-- The desk that answers for a report now.
CREATE OR REPLACE FUNCTION reports_answering(r reports_report) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(r.taken_by_id, CASE WHEN r.woken_at IS NOT NULL THEN r.fallback_id END, r.receiver_id)
$$;

-- What she writes is answered by a time that both sides see (K30), unless the first reply (K02) is
-- still owed or an earlier message waits.
CREATE OR REPLACE FUNCTION reports_owe_answer(r reports_report) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
  SELECT gen_random_uuid(), 'K30', r.ref, reports_answering(r), now(),
         now() + CASE WHEN r.urgent THEN interval '24 hours' ELSE interval '48 hours' END
  WHERE NOT EXISTS (SELECT 1 FROM clocks_clock c
                    WHERE c.subject = r.ref AND c.rule IN ('K02', 'K30') AND c.stopped_at IS NULL)
$$;

CREATE OR REPLACE FUNCTION public_erasures() RETURNS SETOF reports_erasure
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.* FROM reports_erasure e, public_own() r WHERE e.report_id = r.ref
  ORDER BY e.asked_at, e.ref
$$;

-- Files a whole report or nothing. The same receipt again: `again` within the hour, `known` later.
CREATE OR REPLACE FUNCTION public_file_report(filed jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report := jsonb_populate_record(NULL::reports_report, filed->'report');
  k vault_keypair := jsonb_populate_record(NULL::vault_keypair, filed->'keypair');
  known reports_report;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(encode(r.lookup, 'hex'), 0));
  SELECT * INTO known FROM reports_report WHERE lookup = r.lookup;
  IF known.ref IS NOT NULL THEN
    RETURN CASE WHEN known.filed_at > now() - interval '1 hour' THEN 'again' ELSE 'known' END;
  END IF;
  IF r.lookup IS DISTINCT FROM simpul_receipt() OR k.kind <> 'reporter' OR r.keypair_id <> k.ref
     OR NOT EXISTS (SELECT 1 FROM network_desk d
                    WHERE d.id = r.receiver_id AND d.receiving AND d.keypair_id IS NOT NULL)
     OR r.fallback_id IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM network_desk d
          WHERE d.id = r.fallback_id AND d.receiving AND d.keypair_id IS NOT NULL)
     -- A new report begins two new records: nothing of anybody's may lie there yet.
     OR r.ref = r.dialogue
     OR EXISTS (SELECT 1 FROM vault_envelope e WHERE e.record IN (r.ref, r.dialogue))
     OR EXISTS (SELECT 1 FROM reports_report o
                WHERE o.ref IN (r.ref, r.dialogue) OR o.dialogue IN (r.ref, r.dialogue))
     OR EXISTS (SELECT 1 FROM network_desk d WHERE d.ref IN (r.ref, r.dialogue)) THEN
    RAISE EXCEPTION 'not a report that can be filed';
  END IF;
  k.desk := NULL; k.created_at := now();
  IF simpul_door() <> 'simpul_owner' THEN
    r.filed_at := now();  -- only the owner's commands may tell of another day
  END IF;
  r.state := 'new'; r.desks := '{}';
  r.taken_at := NULL; r.taken_by_id := NULL; r.woken_at := NULL; r.withdrawn_at := NULL;
  r.held := coalesce(r.held, false) AND NOT r.urgent;  -- what claims danger never waits in a tray
  r.owner_id := NULL; r.deputy_id := NULL; r.due_at := NULL; r.aside_at := NULL;
  r.frozen_at := NULL; r.erased_at := NULL; r.kept_on := reports_kept_until(r.filed_at);
  INSERT INTO vault_keypair SELECT k.*;
  INSERT INTO reports_report SELECT r.*;
  INSERT INTO vault_envelope (ref, record, compartment, key_version, desks)
    SELECT e.ref, e.record, e.compartment, 1, '{}'
    FROM jsonb_populate_recordset(NULL::vault_envelope, filed->'envelopes') e
    WHERE e.record IN (r.ref, r.dialogue);
  INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                           until_at, granted_by_id, signature, witness, created_at)
    SELECT g.ref, g.envelope_id, g.recipient_id, p.desk, g.sealed, g.basis, g.tags,
           CASE WHEN p.desk = r.fallback_id AND p.desk <> r.receiver_id THEN 'dormant' ELSE 'live' END,
           NULL, k.ref, g.signature, g.witness, now()
    FROM jsonb_populate_recordset(NULL::vault_grant, filed->'grants') g
    JOIN vault_keypair p ON p.ref = g.recipient_id
    JOIN vault_envelope e ON e.ref = g.envelope_id AND e.record IN (r.ref, r.dialogue)
    WHERE p.ref = k.ref OR p.desk IN (r.receiver_id, r.fallback_id);
  INSERT INTO reports_part (ref, envelope_id, row_version, report_id, answers)
    SELECT p.ref, p.envelope_id, 1, r.ref, p.answers
    FROM jsonb_populate_recordset(NULL::reports_part, filed->'parts') p
    JOIN vault_envelope e ON e.ref = p.envelope_id AND e.record = r.ref;
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    VALUES (gen_random_uuid(), 'K02', r.ref, r.receiver_id, r.filed_at,
            r.filed_at + CASE WHEN r.urgent THEN interval '1 hour' ELSE interval '24 hours' END);
  RETURN 'filed';
END $$;

CREATE OR REPLACE FUNCTION public_grants() RETURNS SETOF vault_grant
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT g.* FROM vault_grant g, public_own() r
  WHERE g.recipient_id = r.keypair_id AND g.state = 'live'
$$;

CREATE OR REPLACE FUNCTION public_envelopes() RETURNS SETOF vault_envelope
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.* FROM vault_envelope e WHERE e.ref IN (SELECT envelope_id FROM public_grants())
$$;

CREATE OR REPLACE FUNCTION public_parts() RETURNS SETOF reports_part
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT p.* FROM reports_part p, public_own() r WHERE p.report_id = r.ref
$$;

CREATE OR REPLACE FUNCTION public_messages() RETURNS SETOF reports_message
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT m.* FROM reports_message m, public_own() r WHERE m.report_id = r.ref
  ORDER BY m.sent_at, m.ref
$$;

CREATE OR REPLACE FUNCTION public_send(sent jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report := public_own();
  m reports_message := jsonb_populate_record(NULL::reports_message, sent);
BEGIN
  IF r.ref IS NULL OR r.state = 'withdrawn' OR r.frozen_at IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM public_envelopes() e WHERE e.ref = m.envelope_id) THEN
    RAISE EXCEPTION 'no report of this receipt';
  END IF;
  INSERT INTO reports_message (ref, envelope_id, row_version, report_id, desk_id, sent_at, text)
    VALUES (m.ref, m.envelope_id, 1, r.ref, NULL, now(), m.text)
    ON CONFLICT (ref) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM reports_owe_answer(r);
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public_attach(added jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report := public_own();
  a reports_attachment := jsonb_populate_record(NULL::reports_attachment, added);
BEGIN
  IF r.ref IS NULL OR r.state = 'withdrawn' OR r.frozen_at IS NOT NULL
     OR NOT EXISTS (SELECT 1 FROM public_envelopes() e WHERE e.ref = a.envelope_id)
     OR a.message_id IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM reports_message m
          WHERE m.ref = a.message_id AND m.report_id = r.ref AND m.desk_id IS NULL)
     OR (SELECT count(*) >= 20 FROM reports_attachment o
         WHERE o.report_id = r.ref AND o.desk_id IS NULL) THEN
    RAISE EXCEPTION 'no report of this receipt, or enough files';
  END IF;
  INSERT INTO reports_attachment (ref, envelope_id, row_version, report_id, desk_id, message_id,
                                  added_at, about, data)
    VALUES (a.ref, a.envelope_id, 1, r.ref, NULL, a.message_id, now(), a.about, a.data)
    ON CONFLICT (ref) DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM reports_owe_answer(r);
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public_attachments() RETURNS SETOF reports_attachment
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT a.* FROM reports_attachment a, public_own() r WHERE a.report_id = r.ref
  ORDER BY a.added_at, a.ref
$$;

-- Until when a person answers: the running clock of the first reply, none once somebody has.
CREATE OR REPLACE FUNCTION public_reply_due() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT max(c.due_at) FROM clocks_clock c, public_own() r
  WHERE c.subject = r.ref AND c.rule = 'K02' AND c.stopped_at IS NULL
$$;

-- Stops the report: every desk's access ends now, at every record that grew from it.
CREATE OR REPLACE FUNCTION public_withdraw_report() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
  k cases_case;
BEGIN
  -- Whoever takes it up, shares or refers at this moment comes first, and is ended with the rest.
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  k := public_own_case();
  IF r.ref IS NULL OR r.state IN ('withdrawn', 'erased') THEN
    RETURN false;
  END IF;
  UPDATE cases_consent SET withdrawn_at = now() WHERE case_id = k.ref AND withdrawn_at IS NULL;
  UPDATE vault_grant g SET state = 'ended', ended_at = now()
  FROM vault_envelope e
  WHERE e.ref = g.envelope_id AND g.desk IS NOT NULL AND g.state <> 'ended'
    AND (e.record IN (r.ref, r.dialogue)
         AND (k.ref IS NOT NULL OR g.tags @> ARRAY[r.ref])
         OR e.record IN (SELECT f.ref FROM referrals_referral f WHERE f.case_id = k.ref));
  UPDATE reports_report SET state = 'withdrawn', withdrawn_at = now(), frozen_at = NULL
    WHERE ref = r.ref;
  PERFORM reports_recount(r);
  UPDATE referrals_referral SET state = 'withdrawn', ended_at = now()
    WHERE case_id = k.ref AND state NOT IN ('ended', 'declined', 'withdrawn');
  UPDATE cases_share SET ended_at = now() WHERE case_id = k.ref AND ended_at IS NULL;
  UPDATE cases_case SET state = 'closed', due_at = NULL WHERE ref = k.ref;
  DELETE FROM cases_label WHERE case_id = k.ref;  -- a desk's own words for her go with the rest
  UPDATE clocks_clock SET stopped_at = now() WHERE stopped_at IS NULL AND rule <> 'K18'
    AND subject IN (SELECT r.ref UNION SELECT f.ref FROM referrals_referral f WHERE f.case_id = k.ref)
    AND (rule <> 'K31' OR k.ref IS NOT NULL);  -- the survivor's case goes on, and so does its clock
  RETURN true;
END $$;

-- The reporter comes back: the desk that last answered may read again what she wrote, and only that.
-- What a desk wrote while it had the case stays closed, as it was when she stopped it.
CREATE OR REPLACE FUNCTION public_reopen(fresh jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report := public_own();
  answering int := coalesce(r.taken_by_id, r.receiver_id);
BEGIN
  IF r.ref IS NULL OR r.state <> 'withdrawn' OR EXISTS (
       SELECT 1 FROM public_erasures() e
       WHERE e.done_at IS NULL AND e.refused_at IS NULL AND e.cancelled_at IS NULL) THEN
    RETURN false;
  END IF;
  IF EXISTS (SELECT 1 FROM cases_case c WHERE c.report_id = r.ref AND c.state = 'open') THEN
    -- The survivor's case went on while whoever reported for her had stopped: it is answered there.
    UPDATE reports_report SET state = 'taken', withdrawn_at = NULL, frozen_at = NULL
      WHERE ref = r.ref;
  ELSE
    UPDATE reports_report SET state = 'new', withdrawn_at = NULL, frozen_at = NULL, taken_at = NULL,
      taken_by_id = NULL, woken_at = NULL, receiver_id = answering,
      fallback_id = NULLIF(fallback_id, answering)
      WHERE ref = r.ref;
    INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
      VALUES (gen_random_uuid(), 'K02', r.ref, answering, now(), now() + interval '24 hours');
  END IF;
  INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                           until_at, granted_by_id, signature, witness, created_at)
    SELECT g.ref, g.envelope_id, g.recipient_id, p.desk, g.sealed, g.basis, g.tags,
           CASE WHEN p.desk = answering THEN 'live' ELSE 'dormant' END, NULL, r.keypair_id,
           g.signature, g.witness, now()
    FROM jsonb_populate_recordset(NULL::vault_grant, fresh) g
    JOIN vault_keypair p ON p.ref = g.recipient_id AND p.desk IN (answering, r.fallback_id)
    WHERE g.envelope_id IN (SELECT e.ref FROM public_envelopes() e
                            WHERE e.record IN (r.ref, r.dialogue));
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public_consents() RETURNS SETOF cases_consent
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.* FROM cases_consent s, public_own_case() c WHERE s.case_id = c.ref
  ORDER BY s.recorded_at, s.ref
$$;

-- Takes one consent back: every grant that carries it ends in this statement's transaction.
CREATE OR REPLACE FUNCTION public_withdraw_consent(consent uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM public_consents() s WHERE s.ref = consent AND s.withdrawn_at IS NULL)
  THEN
    RETURN false;
  END IF;
  UPDATE cases_consent SET withdrawn_at = now() WHERE ref = consent;
  UPDATE vault_grant SET state = 'ended', ended_at = now()
    WHERE tags @> ARRAY[consent] AND state <> 'ended';
  UPDATE cases_share SET ended_at = now() WHERE consent_id = consent AND ended_at IS NULL;
  UPDATE clocks_clock SET stopped_at = now() WHERE stopped_at IS NULL
    AND subject IN (SELECT ref FROM referrals_referral WHERE consent_id = consent);
  UPDATE referrals_referral SET state = 'withdrawn', ended_at = now()
    WHERE consent_id = consent AND state NOT IN ('ended', 'declined', 'withdrawn');
  RETURN true;
END $$;

CREATE OR REPLACE FUNCTION public_next_actions() RETURNS SETOF cases_nextaction
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT n.* FROM cases_nextaction n, public_own_case() c
  WHERE n.case_id = c.ref AND n.done_at IS NULL
$$;

CREATE OR REPLACE FUNCTION public_referrals() RETURNS SETOF referrals_referral
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT f.* FROM referrals_referral f, public_own_case() c WHERE f.case_id = c.ref
  ORDER BY f.sent_at, f.ref
$$;

CREATE OR REPLACE FUNCTION public_reports_back() RETURNS SETOF referrals_reportback
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT b.* FROM referrals_reportback b JOIN public_referrals() f ON f.ref = b.referral_id
  ORDER BY b.written_at, b.ref
$$;

-- Which desk read what and when: the record, its case and its referrals. Never a colleague's name.
-- The case is the survivor's: who reported for her sees the readings of the report alone.
CREATE OR REPLACE FUNCTION public_reads() RETURNS TABLE (desk int, parts varchar[], hour timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT a.desk, a.parts, date_trunc('hour', a.at)
  FROM vault_auditline a, public_own() r
  WHERE a.event LIKE '%.read' AND a.desk IS NOT NULL
    AND (a.event LIKE 'reports.%' OR (public_own_case()).ref IS NOT NULL)
    AND (a.record = r.ref OR a.record IN (SELECT f.ref FROM public_referrals() f))
  ORDER BY 3 DESC LIMIT 200
$$;

-- A receipt that someone else has seen is replaced by its owner: same report, other key and words.
CREATE OR REPLACE FUNCTION public_replace_receipt(fresh jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report := public_own();
  k vault_keypair := jsonb_populate_record(NULL::vault_keypair, fresh->'keypair');
  new_lookup bytea := (fresh->>'lookup')::bytea;
BEGIN
  IF r.ref IS NULL OR k.kind <> 'reporter' OR length(new_lookup) <> 32 THEN
    RETURN false;
  END IF;
  k.desk := NULL; k.created_at := now();
  INSERT INTO vault_keypair SELECT k.*;
  INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                           until_at, granted_by_id, signature, witness, created_at)
    SELECT g.ref, g.envelope_id, k.ref, NULL, g.sealed, 'own', g.tags, 'live', NULL, k.ref,
           g.signature, g.witness, now()
    FROM jsonb_populate_recordset(NULL::vault_grant, fresh->'grants') g
    WHERE g.envelope_id IN (SELECT e.ref FROM public_envelopes() e);
  UPDATE vault_grant SET state = 'ended', ended_at = now()
    WHERE recipient_id = r.keypair_id AND state = 'live';
  UPDATE reports_report SET lookup = new_lookup, keypair_id = k.ref WHERE ref = r.ref;
  RETURN true;
END $$;

GRANT EXECUTE ON FUNCTION public_own, public_own_case, public_file_report, public_grants,
  public_envelopes, public_parts, public_messages, public_send, public_attach, public_attachments,
  public_reply_due, public_withdraw_report, public_reopen, public_consents, public_withdraw_consent,
  public_next_actions, public_referrals, public_reports_back, public_reads, public_replace_receipt TO simpul_public;
-- A walk-in report is filed by a desk through the same function.
GRANT EXECUTE ON FUNCTION public_file_report TO simpul_workspace;

-- What the receiving desk does, as the reporter sees it ------------------------------------------

-- What is late of her report or her case, and which desk outside the unit was told.
CREATE OR REPLACE FUNCTION public_escalations() RETURNS SETOF reports_escalation
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT e.* FROM reports_escalation e, public_own() r
  WHERE e.report_id = r.ref AND e.ended_at IS NULL
    AND (e.what = 'unanswered' OR (public_own_case()).ref IS NOT NULL)
  ORDER BY e.told_at, e.ref
$$;

-- Whether her report may be handled together with another; which one only its seal says.
CREATE OR REPLACE FUNCTION public_questions() RETURNS SETOF reports_question
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT q.* FROM reports_question q, public_own() r
  WHERE q.report_id = r.ref AND r.state <> 'withdrawn' ORDER BY q.asked_at, q.ref
$$;

CREATE OR REPLACE FUNCTION public_answer_question(given jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  said text := given->>'answer';
BEGIN
  UPDATE reports_question q SET answer = said, answered_at = now(),
    pair = CASE WHEN said = 'yes' THEN (given->>'pair')::uuid END
  WHERE q.ref = (given->>'ref')::uuid AND said IN ('yes', 'no', 'later')
    AND q.ref IN (SELECT o.ref FROM public_questions() o);
  RETURN FOUND;
END $$;
GRANT EXECUTE ON FUNCTION public_escalations, public_questions, public_answer_question
  TO simpul_public;

-- Somebody asks by SMS or WhatsApp to be called. What says so comes from a provider whose signature
-- the door has checked; a number that asks again today gets its new hour in place of the old one.
CREATE OR REPLACE FUNCTION public_hand_off(asked jsonb) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  h handoffs_handoff := jsonb_populate_record(NULL::handoffs_handoff, asked->'handoff');
  k vault_keypair := jsonb_populate_record(NULL::vault_keypair, asked->'keypair');
  e vault_envelope := jsonb_populate_record(NULL::vault_envelope, asked->'envelope');
  g vault_grant := jsonb_populate_record(NULL::vault_grant, asked->'grant');
  old handoffs_handoff;
  due timestamptz := now() + interval '24 hours';
BEGIN
  IF h.ref IS NULL OR length(h.message) IS DISTINCT FROM 32 OR length(h.caller) IS DISTINCT FROM 32
     OR h.channel NOT IN ('sms', 'whatsapp') OR k.kind <> 'reporter' OR e.ref IS NULL
     OR length(h.number) > 512 OR length(h.hour) > 512
     OR NOT EXISTS (SELECT 1 FROM network_desk d WHERE d.id = h.desk_id AND d.receiving)
     OR NOT EXISTS (SELECT 1 FROM vault_keypair p
                    WHERE p.ref = g.recipient_id AND p.desk = h.desk_id)
     -- A hand-off begins a record of its own: nothing of anybody's may lie there yet.
     OR EXISTS (SELECT 1 FROM vault_envelope x WHERE x.record = h.ref)
     OR EXISTS (SELECT 1 FROM reports_report r WHERE h.ref IN (r.ref, r.dialogue))
     OR EXISTS (SELECT 1 FROM network_desk d WHERE d.ref = h.ref) THEN
    RAISE EXCEPTION 'not a hand-off that can be filed';
  END IF;
  -- One after the other for each desk, so that of two at once the second counts the first.
  PERFORM pg_advisory_xact_lock(hashtextextended('handoffs', h.desk_id));
  IF EXISTS (SELECT 1 FROM handoffs_handoff x WHERE x.message = h.message) THEN
    RETURN 'again';
  END IF;
  IF (SELECT count(*) FROM handoffs_handoff x WHERE x.caller = h.caller) >= 5 THEN
    RETURN 'enough';
  END IF;
  SELECT * INTO old FROM handoffs_handoff x WHERE x.caller = h.caller AND x.state = 'waiting';
  IF old.ref IS NOT NULL THEN
    SELECT coalesce(min(c.due_at), due) INTO due FROM clocks_clock c
      WHERE c.subject = old.ref AND c.rule = 'K33' AND c.stopped_at IS NULL;
    UPDATE handoffs_handoff SET state = 'closed', reason = 'replaced', closed_at = now()
      WHERE ref = old.ref;
    UPDATE vault_grant SET state = 'ended', ended_at = now()
      WHERE envelope_id = old.envelope_id AND state <> 'ended';
    UPDATE clocks_clock SET stopped_at = now() WHERE subject = old.ref AND stopped_at IS NULL;
  ELSIF (SELECT count(*) FROM handoffs_handoff x
         WHERE x.desk_id = h.desk_id AND x.state = 'waiting') >= 200 THEN
    RETURN 'full';
  END IF;
  k.desk := NULL; k.created_at := now();
  INSERT INTO vault_keypair SELECT k.*;
  INSERT INTO vault_envelope (ref, record, compartment, key_version, desks)
    VALUES (e.ref, h.ref, 'contact', 1, '{}');
  INSERT INTO handoffs_handoff (ref, envelope_id, row_version, desk_id, channel, message, caller,
                                received_at, state, tries, reason, number, hour)
    VALUES (h.ref, e.ref, 1, h.desk_id, h.channel, h.message, h.caller, now(), 'waiting', 0, '',
            h.number, h.hour);
  INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                           until_at, granted_by_id, signature, witness, created_at)
    VALUES (g.ref, e.ref, g.recipient_id, h.desk_id, g.sealed, 'choice', g.tags, 'live', NULL,
            k.ref, g.signature, g.witness, now());
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    VALUES (gen_random_uuid(), 'K33', h.ref, h.desk_id, now(), due);
  RETURN 'asked';
END $$;
GRANT EXECUTE ON FUNCTION public_hand_off TO simpul_public;

-- Dialogue and one's own data ------------------------------------------------------------------

CREATE OR REPLACE FUNCTION public_message_due() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT max(c.due_at) FROM clocks_clock c, public_own() r
  WHERE c.subject = r.ref AND c.rule = 'K30' AND c.stopped_at IS NULL
$$;

-- She came back: kept for another year. Nothing is written while the month is the same.
CREATE OR REPLACE FUNCTION public_come_back() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE reports_report r SET kept_on = reports_kept_until(now())
    WHERE r.lookup = simpul_receipt() AND r.state <> 'erased'
      AND r.kept_on IS DISTINCT FROM reports_kept_until(now());
  RETURN FOUND;
END $$;

-- Another desk in place of the present ones, whose keys end. Not once a case has grown from it: the
-- case has consents of its own.
CREATE OR REPLACE FUNCTION public_move(moved jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
  chosen int := (moved->>'receiver')::int;
  spare int := (moved->>'fallback')::int;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  IF r.ref IS NULL OR r.state = 'erased' OR r.frozen_at IS NOT NULL
     OR chosen = reports_answering(r) AND r.state <> 'withdrawn'
     OR EXISTS (SELECT 1 FROM cases_case c WHERE c.report_id = r.ref)
     OR EXISTS (SELECT 1 FROM public_erasures() e
                WHERE e.done_at IS NULL AND e.refused_at IS NULL AND e.cancelled_at IS NULL)
     OR NOT EXISTS (SELECT 1 FROM network_desk d
                    WHERE d.id = chosen AND d.receiving AND d.keypair_id IS NOT NULL)
     OR spare IS NOT NULL AND (spare = chosen OR NOT EXISTS (
          SELECT 1 FROM network_desk d
          WHERE d.id = spare AND d.receiving AND d.keypair_id IS NOT NULL)) THEN
    RETURN false;
  END IF;
  INSERT INTO reports_departure (ref, desk_id, code, left_at)
    SELECT gen_random_uuid(), d, r.code, now() FROM unnest(r.desks) d WHERE d <> chosen;
  UPDATE vault_grant g SET state = 'ended', ended_at = now()
    FROM vault_envelope e
    WHERE e.ref = g.envelope_id AND e.record IN (r.ref, r.dialogue)
      AND g.desk IS NOT NULL AND g.state <> 'ended';
  UPDATE clocks_clock c SET stopped_at = now() WHERE c.subject = r.ref AND c.stopped_at IS NULL;
  UPDATE reports_report o SET state = 'new', receiver_id = chosen, fallback_id = spare,
    taken_at = NULL, taken_by_id = NULL, woken_at = NULL, withdrawn_at = NULL, held = false,
    owner_id = NULL, deputy_id = NULL, outside_id = (moved->>'outside')::int
    WHERE o.ref = r.ref;
  -- What the former desk began ends with its access.
  UPDATE reports_setaside s SET ended_at = now() WHERE s.report_id = r.ref AND s.ended_at IS NULL;
  UPDATE reports_escalation s SET ended_at = now() WHERE s.report_id = r.ref AND s.ended_at IS NULL;
  UPDATE reports_question q SET answer = '', answered_at = NULL, pair = NULL
    WHERE q.report_id = r.ref AND q.answer <> '';
  INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                           until_at, granted_by_id, signature, witness, created_at)
    SELECT g.ref, g.envelope_id, g.recipient_id, p.desk, g.sealed, g.basis, g.tags,
           CASE WHEN p.desk = chosen THEN 'live' ELSE 'dormant' END, NULL, r.keypair_id,
           g.signature, g.witness, now()
    FROM jsonb_populate_recordset(NULL::vault_grant, moved->'grants') g
    JOIN vault_keypair p ON p.ref = g.recipient_id AND p.desk IN (chosen, spare)
    WHERE g.envelope_id IN (SELECT e.ref FROM public_envelopes() e
                            WHERE e.record IN (r.ref, r.dialogue));
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    VALUES (gen_random_uuid(), 'K02', r.ref, chosen, now(),
            now() + CASE WHEN r.urgent THEN interval '1 hour' ELSE interval '24 hours' END);
  RETURN true;
END $$;

-- One part of what she wrote is closed to every desk, or opened again to those that answer.
CREATE OR REPLACE FUNCTION public_close_part(part uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  UPDATE vault_grant g SET state = 'ended', ended_at = now()
    FROM reports_part p JOIN vault_envelope e ON e.ref = p.envelope_id
    WHERE p.ref = part AND p.report_id = r.ref AND e.compartment <> 'notes'
      AND g.envelope_id = e.ref AND g.desk IS NOT NULL AND g.state <> 'ended';
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION public_open_part(opened jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  IF r.ref IS NULL OR r.state NOT IN ('new', 'taken') THEN
    RETURN false;
  END IF;
  INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                           until_at, granted_by_id, signature, witness, created_at)
    SELECT g.ref, g.envelope_id, g.recipient_id, k.desk, g.sealed, g.basis, g.tags,
           CASE WHEN k.desk = reports_answering(r) THEN 'live' ELSE 'dormant' END, NULL,
           r.keypair_id, g.signature, g.witness, now()
    FROM jsonb_populate_recordset(NULL::vault_grant, opened->'grants') g
    JOIN vault_keypair k ON k.ref = g.recipient_id
     AND (k.desk = reports_answering(r)
          OR k.desk = r.fallback_id AND r.state = 'new' AND r.woken_at IS NULL)
    JOIN reports_part p ON p.ref = (opened->>'part')::uuid AND p.report_id = r.ref
     AND p.envelope_id = g.envelope_id
    WHERE g.envelope_id IN (SELECT e.ref FROM public_envelopes() e)
      AND NOT EXISTS (SELECT 1 FROM vault_grant o WHERE o.envelope_id = g.envelope_id
                      AND o.desk = k.desk AND o.state <> 'ended');
  RETURN FOUND;
END $$;

CREATE OR REPLACE FUNCTION public_freeze() RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT reports_freeze((public_own()).ref, now())
$$;

-- She opens it again: desks see what they saw, and what was owed has as long as was left.
CREATE OR REPLACE FUNCTION public_thaw() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
  since timestamptz;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  IF r.frozen_at IS NULL OR EXISTS (
       SELECT 1 FROM public_erasures() e
       WHERE e.done_at IS NULL AND e.refused_at IS NULL AND e.cancelled_at IS NULL) THEN
    RETURN false;
  END IF;
  since := r.frozen_at;
  UPDATE reports_report o SET frozen_at = NULL WHERE o.ref = r.ref RETURNING o.* INTO r;
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    SELECT gen_random_uuid(), c.rule, c.subject, c.desk_id, now(),
           now() + greatest(c.due_at - since, interval '0')
    FROM clocks_clock c WHERE c.subject IN (SELECT reports_owing(r.ref)) AND c.stopped_at = since
      AND c.rule <> 'K18' AND r.state <> 'withdrawn';
  PERFORM reports_recount(r);
  RETURN true;
END $$;

-- She asks to erase everything: closed at once, destroyed within 72 hours (K18).
CREATE OR REPLACE FUNCTION public_ask_erasure(erasure uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  IF r.ref IS NULL OR r.state = 'erased' THEN
    RETURN false;
  END IF;
  INSERT INTO reports_erasure (ref, report_id, desk_id, asked_at, due_at, reason)
    VALUES (erasure, r.ref, reports_answering(r), now(), now() + interval '72 hours', '')
    ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  PERFORM reports_freeze(r.ref, now());
  INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
    VALUES (gen_random_uuid(), 'K18', r.ref, reports_answering(r), now(), now() + interval '72 hours');
  RETURN true;
END $$;

-- She thinks better of it while it waits; what was closed stays closed until she opens it.
CREATE OR REPLACE FUNCTION public_cancel_erasure() RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  r reports_report;
  cancelled uuid;
BEGIN
  SELECT * INTO r FROM reports_report o WHERE o.lookup = simpul_receipt() FOR UPDATE;
  UPDATE reports_erasure e SET cancelled_at = now()
    WHERE e.report_id = r.ref AND e.done_at IS NULL AND e.refused_at IS NULL AND e.cancelled_at IS NULL
    RETURNING e.ref INTO cancelled;
  UPDATE clocks_clock c SET stopped_at = now()
    WHERE c.subject = r.ref AND c.rule = 'K18' AND c.stopped_at IS NULL AND cancelled IS NOT NULL;
  RETURN cancelled;
END $$;

-- Whether a case has grown from the report, whoever's it is.
CREATE OR REPLACE FUNCTION public_has_case() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM cases_case c, public_own() r WHERE c.report_id = r.ref)
$$;

GRANT EXECUTE ON FUNCTION public_message_due, public_come_back, public_move, public_close_part,
  public_open_part, public_freeze, public_thaw, public_erasures, public_ask_erasure,
  public_cancel_erasure, public_has_case TO simpul_public;
