"""How ./simpul speaks: one calm line at a time, Indonesian first."""


class Refused(Exception):
    """Something cannot go on; it says why, and what to do about it, in both languages."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(f"{indonesian}\n{english}")


def say(indonesian: str, english: str) -> None:
    """Print one line in both languages."""
    print(f"{indonesian} / {english}", flush=True)
