-- Other desks' cases, with every kind of row that a policy or a list looks at; the sealed columns
-- hold bytes of the usual length. `load.cases` says how many. Triggers sleep meanwhile, so the
-- columns `desks` are written as the triggers would.
SET session_replication_role = replica;

CREATE TEMP TABLE desk AS
  SELECT n, gen_random_uuid() AS keypair, gen_random_uuid() AS record, gen_random_uuid() AS labels
  FROM generate_series(0, 99) n;
INSERT INTO network_desk (ref, agency_id, name, duty, receiving, fallback)
  SELECT record, (SELECT min(id) FROM network_agency WHERE type = 'uptd_ppa'), 'Meja ' || n,
         'case_management', false, false FROM desk;
ALTER TABLE desk ADD id int;
UPDATE desk SET id = d.id FROM network_desk d WHERE d.ref = desk.record;
INSERT INTO vault_keypair (ref, kind, desk, epoch, public, verifying, created_at)
  SELECT keypair, 'desk', id, 1, sha256(keypair::text::bytea), sha256(record::text::bytea), now()
  FROM desk;
UPDATE network_desk d SET keypair_id = desk.keypair FROM desk WHERE desk.id = d.id;

CREATE TEMP TABLE other AS
  SELECT m.n, gen_random_uuid() AS ref, gen_random_uuid() AS dialogue, gen_random_uuid() AS keypair,
         gen_random_uuid() AS consent, desk.id AS desk, desk.keypair AS desk_keypair, desk.labels,
         (SELECT d.id FROM desk d WHERE d.n = (m.n * 7 + 3) % 100) AS second,
         now() - m.n % 700 * interval '1 day' AS at,
         CASE WHEN m.n % 50 = 0 THEN 'new' WHEN m.n % 33 = 0 THEN 'withdrawn' ELSE 'taken' END AS state
  FROM generate_series(1, current_setting('load.cases')::int) m (n)
  JOIN desk ON desk.n = m.n % 100;

INSERT INTO vault_keypair (ref, kind, epoch, public, verifying, created_at)
  SELECT keypair, 'reporter', 1, sha256(keypair::text::bytea), sha256(ref::text::bytea), at
  FROM other;
INSERT INTO reports_report (ref, code, lookup, keypair_id, dialogue, state, channel, urgent,
                            receiver_id, text_version, filed_at, taken_at, taken_by_id,
                            withdrawn_at, desks, held, owner_id, due_at)
  SELECT ref, 'L' || lpad(n::text, 9, '0'), sha256(dialogue::text::bytea), keypair, dialogue, state,
         'web', n % 5 = 0, desk, '2026', at, CASE WHEN state <> 'new' THEN at END,
         CASE WHEN state <> 'new' THEN desk END, CASE WHEN state = 'withdrawn' THEN at END,
         CASE WHEN state = 'withdrawn' THEN '{}' ELSE ARRAY[desk] END,
         state = 'new' AND n % 3 = 0, CASE WHEN state = 'taken' THEN (SELECT min(id) FROM accounts_user) END,
         CASE WHEN state <> 'withdrawn' THEN now() + (n % 60 - 30) * interval '1 day' END
  FROM other;
INSERT INTO cases_case (ref, code, report_id, reporter_is_survivor, desk_id, owner_id, state, risk,
                        opened_at, due_at, desks)
  SELECT ref, 'L' || lpad(n::text, 9, '0'), ref, true, desk, (SELECT min(id) FROM accounts_user),
         CASE WHEN n % 3 = 0 THEN 'open' ELSE 'closed' END, 'low', at,
         CASE WHEN n % 3 = 0 THEN now() + (n % 60 - 30) * interval '1 day' END,
         CASE WHEN state = 'withdrawn' THEN '{}'::int[]
              WHEN n % 5 = 0 THEN ARRAY[least(desk, second), greatest(desk, second)]
              ELSE ARRAY[desk] END
  FROM other WHERE state <> 'new';

CREATE TEMP TABLE part AS
  SELECT * FROM (VALUES ('contact', 1), ('identity', 2), ('incident', 1), ('health', 2),
    ('legal', 2), ('psychosocial', 2), ('safety', 1), ('recovery', 2), ('notes', 1),
    ('reported_person', 1), ('contact', 2), ('incident', 2), ('safety', 2), ('notes', 2),
    ('reported_person', 2)) part (compartment, version);
CREATE TEMP TABLE envelope AS
  SELECT gen_random_uuid() AS ref, o.ref AS record, p.compartment, p.version, o.n, o.state, o.desk,
         o.second, o.desk_keypair, o.keypair, o.consent
  FROM other o CROSS JOIN part p WHERE p.version = 1 OR o.state <> 'new'
  UNION ALL
  SELECT gen_random_uuid(), dialogue, 'notes', 1, n, state, desk, second, desk_keypair, keypair, consent
  FROM other;
INSERT INTO vault_envelope (ref, record, compartment, key_version, desks)
  SELECT ref, record, compartment, CASE version WHEN 2 THEN 2 ELSE 1 END,
         CASE WHEN state = 'withdrawn' THEN '{}'::int[]
              WHEN n % 5 = 0 AND compartment = 'health'
                THEN ARRAY[least(desk, second), greatest(desk, second)]
              ELSE ARRAY[desk] END
  FROM envelope;
INSERT INTO vault_envelope (ref, record, compartment, key_version, desks)
  SELECT labels, record, 'notes', 1, ARRAY[id] FROM desk;

INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state,
                         granted_by_id, signature, witness, created_at)
  SELECT gen_random_uuid(), e.ref, CASE who WHEN 1 THEN e.desk_keypair ELSE e.keypair END,
         CASE who WHEN 1 THEN e.desk END, noise || noise || '\xabababababababababababababababababab'::bytea,
         CASE who WHEN 1 THEN 'choice' ELSE 'own' END,
         CASE WHEN who = 1 AND e.version = 1 THEN ARRAY[e.record] ELSE '{}' END,
         CASE WHEN who = 1 AND e.state = 'withdrawn' THEN 'ended' ELSE 'live' END,
         e.keypair, noise || noise, noise, now()
  FROM envelope e, generate_series(1, 2) who,
       LATERAL (SELECT sha256(uuid_send(e.ref) || int4send(who)) AS noise) ciphertext
  WHERE who = 1 OR e.version = 1;
INSERT INTO vault_grant (ref, envelope_id, recipient_id, desk, sealed, basis, tags, state, until_at,
                         granted_by_id, signature, witness, created_at)
  SELECT gen_random_uuid(), e.ref, d.keypair, d.id, noise || noise || '\xabababababababababababababababababab'::bytea, 'consent',
         ARRAY[e.consent], 'live', now() + interval '90 days', e.keypair,
         noise || noise, noise, now()
  FROM envelope e JOIN desk d ON d.id = e.second,
       LATERAL (SELECT sha256(uuid_send(e.ref) || int4send(3)) AS noise) ciphertext
  WHERE e.n % 5 = 0 AND e.compartment = 'health' AND e.state <> 'withdrawn';

INSERT INTO reports_part (ref, envelope_id, row_version, report_id, answers)
  SELECT gen_random_uuid(), e.ref, 1, e.record, decode(repeat('ef', 284), 'hex')
  FROM envelope e JOIN other o ON o.ref = e.record WHERE e.version = 1;
INSERT INTO cases_label (ref, envelope_id, row_version, case_id, desk_id, text)
  SELECT gen_random_uuid(), labels, 1, ref, desk, decode(repeat('ef', 284), 'hex')
  FROM other WHERE state <> 'new';
INSERT INTO cases_consent (ref, case_id, desk_id, compartments, purpose, from_on, until_on, given,
                           text_version, recorded_at)
  SELECT consent, ref, second, ARRAY['health'], 'service', at::date, at::date + 1000, 'spoken',
         '2026', at
  FROM other WHERE n % 5 = 0 AND state <> 'new';
INSERT INTO referrals_referral (ref, envelope_id, row_version, code, case_id, consent_id,
                                compartments, from_desk_id, to_desk_id, urgency, need, state,
                                sent_at, due_at, desks)
  SELECT gen_random_uuid(), e.ref, 1, 'L' || lpad(e.n::text, 9, '0'), e.record, e.consent,
         ARRAY['health'], e.desk, e.second, 'medium', decode(repeat('ef', 284), 'hex'),
         CASE WHEN e.n % 10 = 0 THEN 'sent' ELSE 'ended' END, now(), now() + interval '1 day',
         ARRAY[least(e.desk, e.second), greatest(e.desk, e.second)]
  FROM envelope e WHERE e.n % 5 = 0 AND e.compartment = 'health' AND e.state <> 'withdrawn';
INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at, stopped_at)
  SELECT gen_random_uuid(), 'K02', ref, desk, at, at + interval '1 day',
         CASE WHEN state <> 'new' THEN at END
  FROM other;

SET session_replication_role = origin;
DROP TABLE desk, other, part, envelope;
