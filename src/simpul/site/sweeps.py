"""What the worker does, in order; each room's `jobs.py` finds what is due in it."""

from django.utils import timezone

from simpul.accounts import jobs as accounts
from simpul.cases import jobs as cases
from simpul.clocks import queries as clocks
from simpul.network import jobs as network
from simpul.reports import jobs as reports
from simpul.vault import audit
from simpul.vault import jobs as vault


def run() -> None:
    """One sweep over every room."""
    now = timezone.now()
    reports.wake_overdue(now)
    reports.escalate_late()
    reports.erase_due()
    cases.drop_unfinished(now)
    vault.end_expired_grants()
    accounts.end_expired_sessions()
    vault.link_audit()
    vault.anchor_audit(now)
    network.look_for_unusual_reading(now)
    vault.bury()


def figures() -> str:
    """What the worker tells Prometheus. Whether a deadline was missed, not how many: few is somebody."""
    now = timezone.now()
    told = {
        "swept_timestamp_seconds": f"{now.timestamp():.0f}",
        "audit_lines_unlinked": audit.waiting(),
        "clock_missed": int(clocks.any_missed(now)),
    }
    return "".join(f'simpul_{name}{{of="worker"}} {value}\n' for name, value in told.items())
