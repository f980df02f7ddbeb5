"""How ./simpul speaks: one calm line at a time, Indonesian first."""

import os
import sys
from getpass import getpass


class Refused(Exception):
    """Something cannot go on; it says why, and what to do about it, in both languages."""

    def __init__(self, indonesian: str, english: str) -> None:
        super().__init__(f"{indonesian}\n{english}")


def say(indonesian: str, english: str) -> None:
    """Print one line in both languages."""
    print(f"{indonesian} / {english}", flush=True)


def ask(indonesian: str, english: str, *, hidden: bool = False) -> str:
    """Ask for one line; without a terminal it is read from the input, and not a byte more."""
    question = f"{indonesian} / {english}: "
    if sys.stdin.isatty():
        return getpass(question) if hidden else input(question)
    line = b""
    while byte := os.read(sys.stdin.fileno(), 1):
        if byte == b"\n":
            return line.decode()
        line += byte
    if not line:
        raise Refused(f"Belum dijawab: {indonesian}.", f"No answer: {english}.")
    return line.decode()
