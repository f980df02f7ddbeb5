"""Owners and next actions of cases that were open before are told to their reports."""

from django.db import migrations

OWNERS = """
UPDATE reports_report r SET owner_id = c.owner_id
FROM cases_case c JOIN network_membership m
  ON m.user_id = c.owner_id AND m.desk_id = c.desk_id AND m.until_at IS NULL
WHERE c.report_id = r.ref AND r.state = 'taken' AND r.taken_by_id = c.desk_id;
INSERT INTO clocks_clock (ref, rule, subject, desk_id, started_at, due_at)
  SELECT gen_random_uuid(), 'K31', c.ref, c.desk_id, c.due_at, c.due_at + interval '48 hours'
  FROM cases_case c WHERE c.state = 'open' AND c.due_at IS NOT NULL;
UPDATE reports_report r SET due_at = d.at FROM (
  SELECT k.subject, min(CASE k.rule WHEN 'K31' THEN k.started_at ELSE k.due_at END) AS at
  FROM clocks_clock k WHERE k.stopped_at IS NULL GROUP BY k.subject) d
WHERE d.subject = r.ref;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("cases", "0003_documents"),
        ("clocks", "0001_initial"),
        ("network", "0004_alarms"),
        ("reports", "0002_desk"),
    ]

    operations = [migrations.RunSQL(OWNERS, migrations.RunSQL.noop)]
