-- Roles, rights and policies, in one file. Idempotent: `manage prepare` applies it after migrating.
--
-- The four roles of the doors own nothing. Every table with content or with a person in it has
-- FORCE ROW LEVEL SECURITY; the tables without it are listed, each with its reason, in
-- tests/site/test_policies.py. Without a context a policy shows no row.

-- The context of one request ------------------------------------------------------------------

CREATE OR REPLACE FUNCTION simpul_desks() RETURNS int[] LANGUAGE sql STABLE AS
$$ SELECT NULLIF(current_setting('simpul.desks', true), '')::int[] $$;

CREATE OR REPLACE FUNCTION simpul_person() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT NULLIF(current_setting('simpul.person', true), '')::uuid $$;

CREATE OR REPLACE FUNCTION simpul_receipt() RETURNS bytea LANGUAGE sql STABLE AS
$$ SELECT decode(NULLIF(current_setting('simpul.receipt', true), ''), 'hex') $$;

-- Which door asks: the role it connected as, or took in tests.
CREATE OR REPLACE FUNCTION simpul_door() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN current_setting('role') = 'none' THEN session_user::text
               ELSE current_setting('role') END $$;

-- Whether the request's desks may add keys to a record in their own name: the desk that leads the
-- case, the desk that asked another, a desk with its own labels, or whoever begins a new record.
-- A desk that only receives may not: a key that it granted itself would outlive the consent.
CREATE OR REPLACE FUNCTION vault_leads(of_record uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce(
    (SELECT c.desk_id = ANY (simpul_desks()) FROM cases_case c WHERE c.ref = of_record),
    (SELECT f.from_desk_id = ANY (simpul_desks()) FROM referrals_referral f WHERE f.ref = of_record),
    (SELECT d.id = ANY (simpul_desks()) FROM network_desk d WHERE d.ref = of_record),
    NOT EXISTS (SELECT 1 FROM vault_envelope e
                WHERE e.record = of_record AND NOT e.desks && simpul_desks())
    AND NOT EXISTS (SELECT 1 FROM reports_report r WHERE of_record IN (r.ref, r.dialogue)))
    AND NOT EXISTS (  -- nobody adds to what the survivor has frozen
      SELECT 1 FROM reports_report r LEFT JOIN cases_case c ON c.report_id = r.ref
      WHERE r.ref = of_record AND r.frozen_at IS NOT NULL AND coalesce(c.reporter_is_survivor, true))
$$;

-- Whether an account is the person of the request.
CREATE OR REPLACE FUNCTION simpul_is(account bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM accounts_user u
                 WHERE u.id = account AND u.keypair_id = simpul_person())
$$;

-- Whether a report said anything of the reported person and of who must not know. A desk from which that
-- part is closed sees no row of it, and must not take that for silence.
CREATE OR REPLACE FUNCTION reports_tells_person(of_record uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM reports_part p JOIN vault_envelope e ON e.ref = p.envelope_id
    JOIN cases_case c ON c.ref = e.record
    WHERE e.record = of_record AND e.compartment = 'reported_person' AND c.desks && simpul_desks())
$$;

-- Whether the person of the request signs for an agency or one above it.
CREATE OR REPLACE FUNCTION simpul_supervises(of_agency bigint) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (
    SELECT 1 FROM network_administrator a JOIN accounts_user u ON u.id = a.user_id
    JOIN network_agency g ON a.agency_id = ANY (g.line)
    WHERE u.keypair_id = simpul_person() AND g.id = of_agency)
$$;

-- Whether the person of the request keeps the texts of the public door.
CREATE OR REPLACE FUNCTION wording_keeps() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM network_desk d
                 WHERE d.id = ANY (simpul_desks()) AND d.duty = 'coordination')
      OR EXISTS (SELECT 1 FROM network_administrator a JOIN accounts_user u ON u.id = a.user_id
                 WHERE u.keypair_id = simpul_person())
$$;

-- Rights --------------------------------------------------------------------------------------

-- PostgreSQL lets everybody execute a new function; here nobody may who is not named.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, simpul_workspace, simpul_public, simpul_worker;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC, simpul_workspace, simpul_public, simpul_worker;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, simpul_workspace, simpul_public, simpul_worker;
GRANT USAGE ON SCHEMA public TO simpul_workspace, simpul_public, simpul_worker, simpul_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO simpul_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO simpul_backup;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO simpul_workspace;
GRANT EXECUTE ON FUNCTION simpul_desks(), simpul_person(), simpul_receipt(), simpul_door()
  TO simpul_workspace, simpul_public, simpul_worker, simpul_backup;
GRANT EXECUTE ON FUNCTION vault_leads, simpul_supervises, simpul_is, reports_tells_person, wording_keeps
  TO simpul_workspace;

-- Reference data and public keys: what everyone who seals must be able to check.
GRANT SELECT ON network_region, network_agency, network_desk, directory_service,
  vault_keypair, vault_directoryentry, django_migrations
  TO simpul_workspace, simpul_public, simpul_worker;

GRANT INSERT ON vault_keypair, vault_directoryentry TO simpul_workspace;
GRANT INSERT (ref, kind, type, name, parent_id, region_id, line) ON network_agency
  TO simpul_workspace;
GRANT INSERT (ref, agency_id, name, duty, keypair_id, receiving, fallback) ON network_desk
  TO simpul_workspace;
GRANT UPDATE (keypair_id, receiving, fallback) ON network_desk TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE ON accounts_user, network_membership, network_invitation,
  network_proposal TO simpul_workspace;
GRANT SELECT, INSERT, DELETE ON network_administrator TO simpul_workspace;
GRANT DELETE ON network_proposal TO simpul_workspace;
GRANT SELECT, INSERT, DELETE ON network_share TO simpul_workspace;
GRANT SELECT, INSERT ON network_contribution TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (refused_by_id, refused_at, done_at) ON network_recovery
  TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts_slowdown, accounts_session TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts_session TO simpul_public;
GRANT SELECT (place, door, expires_at), DELETE ON accounts_session TO simpul_worker;
GRANT SELECT, INSERT, UPDATE (counter, used_at), DELETE ON vault_passkey TO simpul_workspace;
GRANT SELECT, INSERT, DELETE ON vault_recoverycode TO simpul_workspace;
GRANT SELECT, INSERT ON vault_wrapped, vault_keycopy, vault_envelope TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (state, ended_at) ON vault_grant TO simpul_workspace;
GRANT SELECT ON vault_auditline, vault_audithead TO simpul_workspace;
GRANT SELECT, UPDATE (seen_at, seen_by, reason) ON network_alarm TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_service TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (number, approved_by, approved_at, approval, until_number, ended_at)
  ON wording_edition, wording_recording TO simpul_workspace;
GRANT UPDATE (reviewer, reviewed_on, review_note) ON wording_edition TO simpul_workspace;
GRANT SELECT ON wording_edition, wording_recording TO simpul_public;
GRANT SELECT, UPDATE (state, taken_at, taken_by_id, tries, tried_at, closed_at, reason)
  ON handoffs_handoff TO simpul_workspace;
GRANT SELECT, INSERT ON clocks_clock TO simpul_workspace;
GRANT UPDATE (stopped_at) ON clocks_clock TO simpul_workspace;
GRANT SELECT ON reports_report, reports_part, reports_attachment TO simpul_workspace;
GRANT UPDATE (state, taken_at, taken_by_id, owner_id, deputy_id, outside_id)
  ON reports_report TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (tie, made_at) ON reports_declaration TO simpul_workspace;
GRANT SELECT, UPDATE (reminded_at) ON reports_escalation TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (agreed_by_id, agreed_at, ended_at) ON reports_setaside
  TO simpul_workspace;
GRANT SELECT, INSERT ON reports_acknowledgement, reports_question TO simpul_workspace;
GRANT SELECT ON reports_link TO simpul_workspace;
GRANT SELECT, INSERT ON reports_message TO simpul_workspace;
GRANT INSERT ON reports_attachment TO simpul_workspace;
GRANT SELECT ON reports_departure, reports_erasure TO simpul_workspace;
GRANT SELECT, INSERT ON cases_case TO simpul_workspace;
GRANT UPDATE (code, report_id, reporter_is_survivor, desk_id, owner_id, state, risk, opened_at,
              due_at, desks) ON cases_case TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE ON cases_label, cases_nextaction, cases_closure TO simpul_workspace;
GRANT SELECT, INSERT ON cases_entry, cases_identity TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (row_version, envelope_id, names) ON cases_shard TO simpul_workspace;
GRANT SELECT, DELETE ON cases_pending TO simpul_workspace;
GRANT SELECT, INSERT ON cases_document, vault_piece TO simpul_workspace;
GRANT UPDATE (about, row_version, whole, finished_at, removed_at, removed_by_id) ON cases_document
  TO simpul_workspace;
GRANT SELECT, INSERT ON cases_consent, cases_share TO simpul_workspace;
GRANT SELECT ON cases_obligation TO simpul_workspace;
GRANT SELECT, INSERT ON cases_arrival TO simpul_workspace;
GRANT UPDATE (withdrawn_at) ON cases_consent TO simpul_workspace;
GRANT UPDATE (ended_at) ON cases_share TO simpul_workspace;
GRANT SELECT, INSERT, UPDATE (state, answer, answered_at, ended_at) ON referrals_referral
  TO simpul_workspace;
GRANT SELECT, INSERT ON referrals_reportback TO simpul_workspace;

-- The worker: budget columns only, no ciphertext, no grant, no key.
GRANT SELECT (ref, rule, subject, desk_id, started_at, due_at, stopped_at, missed_at)
  ON clocks_clock TO simpul_worker;
GRANT SELECT (ref, begun_at, finished_at) ON cases_document TO simpul_worker;
GRANT SELECT, DELETE ON vault_auditpending TO simpul_worker;
GRANT SELECT ON vault_auditline TO simpul_worker;
GRANT SELECT, INSERT ON vault_auditlink, vault_audithead TO simpul_worker;
GRANT SELECT ON network_alarmcursor TO simpul_worker;

-- Policies ------------------------------------------------------------------------------------

DO $$
DECLARE
  sealed text[] := ARRAY[
    'accounts_session', 'vault_wrapped', 'vault_keycopy', 'vault_envelope', 'vault_grant',
    'network_share', 'network_contribution', 'network_alarm', 'network_alarmcursor',
    'vault_passkey', 'vault_recoverycode',
    'vault_auditline', 'vault_auditpending', 'vault_auditlink', 'vault_audithead', 'clocks_clock',
    'wording_edition', 'wording_recording',
    'directory_service', 'handoffs_handoff', 'reports_report', 'reports_part', 'reports_message',
    'reports_attachment', 'reports_departure', 'reports_erasure', 'reports_declaration', 'reports_escalation', 'reports_setaside',
    'reports_acknowledgement', 'reports_question', 'reports_link', 'cases_case', 'cases_label', 'cases_entry', 'cases_nextaction',
    'cases_identity', 'cases_shard', 'cases_pending',
    'vault_piece', 'cases_document',
    'cases_arrival', 'cases_consent', 'cases_obligation', 'cases_share', 'cases_closure', 'referrals_referral', 'referrals_reportback'];
  t text;
  p record;
BEGIN
  FOREACH t IN ARRAY sealed LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    FOR p IN SELECT policyname FROM pg_policies WHERE schemaname = 'public' AND tablename = t LOOP
      EXECUTE format('DROP POLICY %I ON %I', p.policyname, t);
    END LOOP;
    -- The owner migrates and owns the functions below; no process that serves connects as it.
    EXECUTE format('CREATE POLICY owner ON %I TO simpul_owner USING (true) WITH CHECK (true)', t);
  END LOOP;
END $$;

-- Sessions: each door its own; the worker only what has expired.
CREATE POLICY workspace ON accounts_session TO simpul_workspace
  USING (door = 'w') WITH CHECK (door = 'w');
CREATE POLICY public ON accounts_session TO simpul_public
  USING (door = 's' AND user_id IS NULL) WITH CHECK (door = 's' AND user_id IS NULL);
CREATE POLICY expired ON accounts_session TO simpul_worker USING (expires_at <= now());

-- Keys: what is wrapped or handed over is its holder's; a member may hand on her desk's.
CREATE POLICY own ON vault_wrapped TO simpul_workspace
  USING (keypair_id = simpul_person()) WITH CHECK (keypair_id = simpul_person());
CREATE POLICY own ON vault_passkey TO simpul_workspace
  USING (keypair_id = simpul_person()) WITH CHECK (keypair_id = simpul_person());
CREATE POLICY own ON vault_recoverycode TO simpul_workspace
  USING (keypair_id = simpul_person()) WITH CHECK (keypair_id = simpul_person());
CREATE POLICY held ON vault_keycopy FOR SELECT TO simpul_workspace
  USING (holder_id = simpul_person() OR desk = ANY (simpul_desks()));
CREATE POLICY handed ON vault_keycopy FOR INSERT TO simpul_workspace
  WITH CHECK (holder_id = simpul_person() OR desk = ANY (simpul_desks()));

-- Custodians' parts: each sees her own; a member of the desk entrusts them anew. What is passed on is
-- seen by who gave it and by whom it is for, and goes with the end of the recovery.
CREATE POLICY own ON network_share FOR SELECT TO simpul_workspace
  USING (holder_id = simpul_person() OR desk_id = ANY (simpul_desks()));
CREATE POLICY entrusted ON network_share FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks())
              OR EXISTS (SELECT 1 FROM vault_keypair k WHERE k.ref = keypair_id AND k.desk IS NULL));
CREATE POLICY replaced ON network_share FOR DELETE TO simpul_workspace
  USING (desk_id = ANY (simpul_desks()));
CREATE POLICY passed ON network_contribution FOR SELECT TO simpul_workspace
  USING (holder_id = simpul_person()
         OR EXISTS (SELECT 1 FROM network_recovery r JOIN accounts_user u
                      ON u.id = CASE WHEN r.drill THEN r.asked_by_id ELSE r.member_id END
                    WHERE r.ref = recovery_id AND u.keypair_id = simpul_person()));
CREATE POLICY given ON network_contribution FOR INSERT TO simpul_workspace
  WITH CHECK (holder_id = simpul_person()
              AND EXISTS (SELECT 1 FROM network_recovery r
                          WHERE r.ref = recovery_id AND r.refused_at IS NULL
                            AND r.done_at IS NULL AND r.opens_at <= clock_timestamp()));

-- Envelopes and grants.
CREATE POLICY seen ON vault_envelope FOR SELECT TO simpul_workspace
  USING (desks && simpul_desks());
CREATE POLICY made ON vault_envelope FOR INSERT TO simpul_workspace
  WITH CHECK (desks && simpul_desks() AND vault_leads(record));
CREATE POLICY seen ON vault_grant FOR SELECT TO simpul_workspace
  USING (desk = ANY (simpul_desks())
         OR EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY made ON vault_grant FOR INSERT TO simpul_workspace
  WITH CHECK (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id)
              AND granted_by_id = simpul_person());
-- A desk ends its own access, and others' where it leads or takes up what it was chosen for.
CREATE POLICY ended ON vault_grant FOR UPDATE TO simpul_workspace
  USING (desk = ANY (simpul_desks())
         OR EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id
                    AND (vault_leads(e.record)
                         OR EXISTS (SELECT 1 FROM reports_report r
                                    WHERE e.record IN (r.ref, r.dialogue)
                                      AND (r.taken_by_id IS NULL
                                           OR r.taken_by_id = ANY (simpul_desks()))))))
  WITH CHECK (state = 'ended');

-- Audit: the desk that answers for a record sees its whole trace, any other what it did itself.
CREATE POLICY traced ON vault_auditline FOR SELECT TO simpul_workspace
  USING (actor = simpul_person() OR desk = ANY (simpul_desks())
         OR record IS NOT NULL AND vault_leads(record)
         OR EXISTS (SELECT 1 FROM reports_report r WHERE r.ref = vault_auditline.record
                    AND coalesce(r.taken_by_id, r.receiver_id) = ANY (simpul_desks())));
CREATE POLICY linked ON vault_auditline FOR SELECT TO simpul_worker USING (true);
CREATE POLICY linked ON vault_auditpending TO simpul_worker USING (true) WITH CHECK (true);
CREATE POLICY linked ON vault_auditlink TO simpul_worker USING (true) WITH CHECK (true);
CREATE POLICY linked ON vault_audithead TO simpul_worker USING (true) WITH CHECK (true);

-- The newest head has no content; administrators copy it into a book.
CREATE POLICY printed ON vault_audithead FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM network_administrator a JOIN accounts_user u ON u.id = a.user_id
                 WHERE u.keypair_id = simpul_person()));

-- Alarms: the administrators of the line, and whom it is about; looked at by somebody else.
CREATE POLICY own ON network_alarm FOR SELECT TO simpul_workspace USING (person = simpul_person());
CREATE POLICY supervised ON network_alarm FOR SELECT TO simpul_workspace
  USING (simpul_supervises(agency_id));
CREATE POLICY looked_at ON network_alarm FOR UPDATE TO simpul_workspace
  USING (person <> simpul_person() AND simpul_supervises(agency_id))
  WITH CHECK (seen_by = simpul_person() AND seen_at IS NOT NULL AND reason <> '');
CREATE POLICY watched ON network_alarmcursor FOR SELECT TO simpul_worker USING (true);

-- Clocks.
CREATE POLICY seen ON clocks_clock FOR SELECT TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())
         OR EXISTS (SELECT 1 FROM vault_envelope e WHERE e.record = subject));
CREATE POLICY started ON clocks_clock FOR INSERT TO simpul_workspace WITH CHECK (true);
CREATE POLICY stopped ON clocks_clock FOR UPDATE TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())
         OR EXISTS (SELECT 1 FROM vault_envelope e WHERE e.record = subject))
  WITH CHECK (true);
CREATE POLICY swept ON clocks_clock FOR SELECT TO simpul_worker USING (true);

-- The service directory is public; a desk keeps its own services true.
CREATE POLICY seen ON directory_service FOR SELECT
  TO simpul_workspace, simpul_public, simpul_worker USING (true);
CREATE POLICY kept ON directory_service FOR ALL TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())) WITH CHECK (desk_id = ANY (simpul_desks()));

-- Who asked to be called: the desk with the live grant; once closed nobody, since the grant ended.
CREATE POLICY seen ON handoffs_handoff FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY called ON handoffs_handoff FOR UPDATE TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())) WITH CHECK (desk_id = ANY (simpul_desks()));

-- Reports and cases: the desks with a live grant.
CREATE POLICY seen ON reports_report FOR SELECT TO simpul_workspace
  USING (desks && simpul_desks()
         OR state = 'withdrawn' AND taken_by_id = ANY (simpul_desks())
         OR frozen_at IS NOT NULL AND coalesce(taken_by_id, receiver_id) = ANY (simpul_desks()));
CREATE POLICY taken ON reports_report FOR UPDATE TO simpul_workspace
  USING (desks && simpul_desks()
         AND (taken_by_id IS NULL OR taken_by_id = ANY (simpul_desks())))
  WITH CHECK (desks && simpul_desks() AND taken_by_id = ANY (simpul_desks()));
CREATE POLICY seen ON reports_part FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY seen ON reports_attachment FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY seen ON reports_message FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY sent ON reports_message FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks())
              AND EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY sent ON reports_attachment FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks())
              AND EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id)
              AND EXISTS (SELECT 1 FROM reports_message m
                          WHERE m.ref = message_id AND m.envelope_id = reports_attachment.envelope_id
                            AND m.report_id = reports_attachment.report_id));
-- A desk that was left learns that it was; requests to erase are the desk's and its supervisors'.
CREATE POLICY left_desk ON reports_departure FOR SELECT TO simpul_workspace
  USING (desk_id = ANY (simpul_desks()));
CREATE POLICY asked ON reports_erasure FOR SELECT TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())
         OR simpul_supervises((SELECT d.agency_id FROM network_desk d WHERE d.id = desk_id)));

-- The desk's own work on a report: who is tied, who set it aside, what is asked of its reporter.
CREATE POLICY seen ON reports_declaration FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM reports_report r WHERE r.ref = report_id AND r.desks && simpul_desks()));
CREATE POLICY made ON reports_declaration FOR INSERT TO simpul_workspace
  WITH CHECK (simpul_is(user_id) AND EXISTS (SELECT 1 FROM reports_report r
              WHERE r.ref = report_id AND r.desks && simpul_desks()));
CREATE POLICY changed ON reports_declaration FOR UPDATE TO simpul_workspace
  USING (simpul_is(user_id)) WITH CHECK (simpul_is(user_id));
CREATE POLICY told ON reports_escalation FOR SELECT TO simpul_workspace
  USING (desk_id = ANY (simpul_desks()) OR late_desk_id = ANY (simpul_desks()));
CREATE POLICY reminded ON reports_escalation FOR UPDATE TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())) WITH CHECK (desk_id = ANY (simpul_desks()));
CREATE POLICY seen ON reports_setaside FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM reports_report r WHERE r.ref = report_id AND r.desks && simpul_desks()));
CREATE POLICY asked ON reports_setaside FOR INSERT TO simpul_workspace
  WITH CHECK (simpul_is(asked_by_id) AND agreed_by_id IS NULL
              AND EXISTS (SELECT 1 FROM reports_report r
                          WHERE r.ref = report_id AND r.desks && simpul_desks()));
CREATE POLICY agreed ON reports_setaside FOR UPDATE TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM reports_report r WHERE r.ref = report_id AND r.desks && simpul_desks()));
CREATE POLICY own ON reports_acknowledgement TO simpul_workspace
  USING (simpul_is(user_id)) WITH CHECK (simpul_is(user_id));
CREATE POLICY seen ON reports_question FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY asked ON reports_question FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks()) AND answer = '' AND pair IS NULL
              AND EXISTS (SELECT 1 FROM vault_envelope e JOIN reports_report r ON r.dialogue = e.record
                          WHERE e.ref = envelope_id AND r.ref = report_id));
-- Two reports about one event are one only to a desk that reads both.
CREATE POLICY seen ON reports_link FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM reports_report r WHERE r.ref = first_id AND r.desks && simpul_desks())
         AND EXISTS (SELECT 1 FROM reports_report r
                     WHERE r.ref = second_id AND r.desks && simpul_desks()));

CREATE POLICY seen ON cases_case FOR SELECT TO simpul_workspace USING (desks && simpul_desks());
-- A case is its report's record (ADR 0006); whoever has taken the report up opens or leads it.
CREATE POLICY opened ON cases_case FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks()) AND report_id = ref
              AND EXISTS (SELECT 1 FROM reports_report r
                          WHERE r.ref = report_id AND r.taken_by_id = desk_id));
CREATE POLICY led ON cases_case FOR UPDATE TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())
         OR EXISTS (SELECT 1 FROM reports_report r
                    WHERE r.ref = report_id AND r.taken_by_id = ANY (simpul_desks())))
  WITH CHECK (desk_id = ANY (simpul_desks()) AND report_id = ref);
CREATE POLICY own ON cases_label TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())) WITH CHECK (desk_id = ANY (simpul_desks()));
CREATE POLICY seen ON cases_entry FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY written ON cases_entry FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks())
              AND EXISTS (SELECT 1 FROM cases_case c
                          WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks()))
              AND EXISTS (SELECT 1 FROM vault_envelope e
                          WHERE e.ref = envelope_id AND e.record = case_id));
CREATE POLICY seen ON cases_identity FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY written ON cases_identity FOR INSERT TO simpul_workspace
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks()))
              AND EXISTS (SELECT 1 FROM vault_envelope e
                          WHERE e.ref = envelope_id AND e.record = case_id
                            AND e.compartment = 'identity'));
CREATE POLICY own ON cases_shard TO simpul_workspace
  USING (desk_id = ANY (simpul_desks()))
  WITH CHECK (desk_id = ANY (simpul_desks())
              AND EXISTS (SELECT 1 FROM vault_envelope e
                          WHERE e.ref = envelope_id AND e.record = cases_shard.ref));
CREATE POLICY own ON cases_pending TO simpul_workspace USING (desk_id = ANY (simpul_desks()));
-- A file is seen when it is whole; while it comes, by the desk that leads, which alone adds pieces.
CREATE POLICY seen ON cases_document FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id)
         AND (finished_at IS NOT NULL
              OR EXISTS (SELECT 1 FROM cases_case c
                         WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks()))));
CREATE POLICY begun ON cases_document FOR INSERT TO simpul_workspace
  WITH CHECK (desk_id = ANY (simpul_desks()) AND finished_at IS NULL AND removed_at IS NULL
              AND EXISTS (SELECT 1 FROM cases_case c
                          WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks()))
              AND EXISTS (SELECT 1 FROM vault_envelope e
                          WHERE e.ref = envelope_id AND e.record = case_id));
CREATE POLICY led ON cases_document FOR UPDATE TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM cases_case c
                 WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())))
  WITH CHECK (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY unfinished ON cases_document FOR SELECT TO simpul_worker USING (finished_at IS NULL);
CREATE POLICY seen ON vault_piece FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM cases_document d
                 WHERE d.ref = file AND d.envelope_id = vault_piece.envelope_id));
CREATE POLICY sent ON vault_piece FOR INSERT TO simpul_workspace
  WITH CHECK (EXISTS (SELECT 1 FROM cases_document d JOIN cases_case c ON c.ref = d.case_id
                      WHERE d.ref = file AND d.envelope_id = vault_piece.envelope_id
                        AND d.finished_at IS NULL AND vault_piece.number < d.pieces
                        AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY led ON cases_nextaction TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id))
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY led ON cases_closure TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id))
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY seen ON cases_consent FOR SELECT TO simpul_workspace
  USING (desk_id = ANY (simpul_desks())
         OR EXISTS (SELECT 1 FROM cases_case c
                    WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY led ON cases_consent FOR INSERT TO simpul_workspace
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY taken_back ON cases_consent FOR UPDATE TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM cases_case c
                 WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())))
  WITH CHECK (withdrawn_at IS NOT NULL);
CREATE POLICY led ON cases_share TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM cases_case c
                 WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())))
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())));

-- Who came together is known to the desk that leads both files, and to nobody that one is shared with.
CREATE POLICY led ON cases_arrival TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM cases_case c
                 WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks()))
         AND EXISTS (SELECT 1 FROM cases_case c
                     WHERE c.ref = group_id AND c.desk_id = ANY (simpul_desks())))
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks()))
              AND EXISTS (SELECT 1 FROM cases_case c
                          WHERE c.ref = group_id AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY led ON cases_obligation FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM cases_case c
                 WHERE c.ref = case_id AND c.desk_id = ANY (simpul_desks())));

CREATE POLICY seen ON referrals_referral FOR SELECT TO simpul_workspace
  USING (desks && simpul_desks());
CREATE POLICY sent ON referrals_referral FOR INSERT TO simpul_workspace
  WITH CHECK (EXISTS (SELECT 1 FROM cases_case c
                      WHERE c.ref = case_id AND c.desk_id = from_desk_id
                        AND c.desk_id = ANY (simpul_desks())));
CREATE POLICY answered ON referrals_referral FOR UPDATE TO simpul_workspace
  USING (desks && simpul_desks()) WITH CHECK (desks && simpul_desks());
CREATE POLICY seen ON referrals_reportback FOR SELECT TO simpul_workspace
  USING (EXISTS (SELECT 1 FROM vault_envelope e WHERE e.ref = envelope_id));
CREATE POLICY written ON referrals_reportback FOR INSERT TO simpul_workspace
  WITH CHECK (EXISTS (SELECT 1 FROM referrals_referral r
                      WHERE r.ref = referral_id AND r.to_desk_id = ANY (simpul_desks())));

-- Texts and readings: the public door sees what a second person approved; a desk of coordination
-- proposes, and it or an administrator decides. A trigger lets each row only move forward.
CREATE POLICY seen ON wording_edition FOR SELECT TO simpul_workspace USING (true);
CREATE POLICY said ON wording_edition FOR SELECT TO simpul_public USING (approved_at IS NOT NULL);
CREATE POLICY proposed ON wording_edition FOR INSERT TO simpul_workspace
  WITH CHECK (proposed_by = simpul_person() AND approved_at IS NULL AND ended_at IS NULL
              AND EXISTS (SELECT 1 FROM network_desk d
                          WHERE d.id = ANY (simpul_desks()) AND d.duty = 'coordination'));
CREATE POLICY decided ON wording_edition FOR UPDATE TO simpul_workspace
  USING (wording_keeps()) WITH CHECK (wording_keeps());
CREATE POLICY seen ON wording_recording FOR SELECT TO simpul_workspace USING (true);
CREATE POLICY said ON wording_recording FOR SELECT TO simpul_public USING (approved_at IS NOT NULL);
CREATE POLICY proposed ON wording_recording FOR INSERT TO simpul_workspace
  WITH CHECK (proposed_by = simpul_person() AND approved_at IS NULL AND ended_at IS NULL
              AND EXISTS (SELECT 1 FROM network_desk d
                          WHERE d.id = ANY (simpul_desks()) AND d.duty = 'coordination'));
CREATE POLICY decided ON wording_recording FOR UPDATE TO simpul_workspace
  USING (wording_keeps()) WITH CHECK (wording_keeps());
