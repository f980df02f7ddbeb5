"""How a clean file is sealed into its row."""

import json

from simpul.reports.models import Attachment
from simpul.vault.envelopes import OpenEnvelope
from simpul.vault.scrub import Scrubbed


def seal(opened: OpenEnvelope, attachment: Attachment, file: Scrubbed) -> None:
    """Seals the file, and beside it what it is: kind, ending and size. Its name is not kept."""
    about = {"type": file.media_type, "extension": file.extension, "size": len(file.data)}
    opened.seal(attachment, "about", json.dumps(about))
    opened.seal_file(attachment, "data", file.data)
