"""Says as JSON what is wrong in the database; `./simpul doctor` asks and puts it into words."""

import json
from typing import Any

from django.core.management.base import BaseCommand

from simpul.site import doctor


class Command(BaseCommand):
    """Runs as the owner and changes nothing."""

    help = __doc__
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints each question with its answer."""
        self.stdout.write(json.dumps(doctor.examine()))
