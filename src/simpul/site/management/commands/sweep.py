"""The worker: finds what is due by the clock and calls one action for each."""

import logging
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection

from simpul.site import sweeps

log = logging.getLogger("simpul.worker")
EVERY = 3.0  # seconds


class Command(BaseCommand):
    """Sees budget columns only; holds no key."""

    help = __doc__
    requires_system_checks = ()  # they would load every page of both doors

    def add_arguments(self, parser: Any) -> None:
        """Once, or until stopped."""
        parser.add_argument("--forever", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweeps; a database that is away is waited for."""
        self.going = True
        signal.signal(signal.SIGTERM, self._stop)
        while self.going:
            try:
                sweeps.run()
                run = Path(settings.VAR) / "run"
                (run / "worker.new").write_text(sweeps.figures())
                (run / "worker.new").replace(run / "worker.prom")
                (run / "swept").touch(mode=0o600)
            except DatabaseError as error:
                log.warning("worker.database_away", exc_info=error)
            connection.close()  # an idle backend would hold memory for nothing
            if not options["forever"]:
                return
            time.sleep(EVERY)

    def _stop(self, *_signal: Any) -> None:
        self.going = False
