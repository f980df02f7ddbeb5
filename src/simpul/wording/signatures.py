"""Who has signed an edition or a recording: two people whom the key directory knows.

A database administrator can write any row. The public door says nothing that two people of this
network have not signed, so a row of his own is passed over and the shipped text is said instead.
"""

from django.conf import settings

from simpul.vault import crypto, keydirectory
from simpul.vault.keydirectory import NotInDirectory
from simpul.wording.models import Edition, Recording, Release


def proposed(release: Release) -> bytes:
    """What the first person signs: everything that the public door would say or play."""
    match release:
        case Edition():
            said: list[str] = [
                release.file, release.key, release.indonesian, release.english, release.source,
                str(release.is_unverified), release.checked_on.isoformat(), release.over,
            ]  # fmt: skip
        case Recording():
            said = [
                release.page, release.language, release.reads, release.voice,
                str(release.has_consent), str(release.seconds), str(release.size),
                bytes(release.digest).hex(),
            ]  # fmt: skip
        case _:
            raise TypeError(type(release))
    return crypto.canonical(
        "simpul", "wording", settings.INSTANCE, type(release).__name__, release.ref, said
    )


def approved(release: Release) -> bytes:
    """What the second person signs: the same, who reviewed it, and its place among all changes."""
    review: list[str] = []
    if isinstance(release, Edition) and release.reviewed_on is not None:
        review = [release.reviewer, release.reviewed_on.isoformat(), release.review_note]
    return crypto.canonical("simpul", "approved", proposed(release), release.number, review)


def are_sound(release: Release) -> bool:
    """Whether two different people of this network signed it. Raises Untrusted."""
    if release.approved_by is None or release.approved_by == release.proposed_by:
        return False
    directory = keydirectory.current()
    try:
        first = directory.person(release.proposed_by)
        second = directory.person(release.approved_by)
    except NotInDirectory:
        return False
    return crypto.verify(
        first.verifying, bytes(release.proposal), proposed(release)
    ) and crypto.verify(second.verifying, bytes(release.approval or b""), approved(release))


def is_whole(recording: Recording) -> bool:
    """Whether the sound is the one that was signed."""
    return crypto.sha256(bytes(recording.sound)) == bytes(recording.digest)
