"""References shown to people: random, easy to read aloud, never a row id."""

import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U


def new_code() -> str:
    """A fresh reference of ten letters and digits (49 bits)."""
    return "".join(secrets.choice(ALPHABET) for _ in range(10))
