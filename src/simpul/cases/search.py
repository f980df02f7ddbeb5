"""Names as they are really spelt, compared in memory: fold, keys, score. Pure; it keeps nothing."""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import nlargest
from pathlib import Path
from string import ascii_lowercase
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from simpul.core import content

# Two spellings of one sound become one, in this order: the spelling of before 1972, letters that
# are confused in writing down what was heard, and an h that is said or not.
SOUNDS = [
    ("oe", "u"), ("tj", "c"), ("dj", "j"), ("sj", "s"), ("sy", "s"), ("ch", "k"), ("kh", "k"),
    ("ce", "se"), ("ci", "si"), ("cy", "si"), ("c", "k"), ("q", "k"), ("x", "ks"), ("z", "s"),
    ("ph", "p"), ("f", "p"), ("v", "p"), ("h", ""), ("ie", "i"), ("j", "i"), ("y", "i"),
]  # fmt: skip
NAMES = Path(__file__).parent / "content" / "names.toml"
NEAR, WHOLE = 0.6, 0.78  # how alike a word, a whole name must be to be looked at
INITIAL = 0.55  # what a letter, or a few, is worth that begins the word
SOUND = 0.98  # what a word is worth that sounds like it and is written otherwise
KNOWN_AS = 0.9  # a short form of the same name
SPARE = 0.03  # what each word costs that was not asked for
SHOWN, SURE = 0.6, 0.88


@dataclass(frozen=True, slots=True)
class Match:
    """A case whose name is like what was asked for, from 0 to 1."""

    case: str
    score: float

    @property
    def is_sure(self) -> bool:
        """Whether it is very like."""
        return self.score >= SURE


def plain(text: str) -> str:
    """Small letters without marks, words apart by one space; lines stay lines."""
    said = text.lower()
    if not said.isascii():
        said = unicodedata.normalize("NFKD", said).encode("ascii", "ignore").decode()
    return said.translate(_LETTERS)


_LETTERS: dict[int, str | None] = {n: " " for n in range(128) if not chr(n).isalnum()}
_LETTERS |= {ord("\n"): "\n", ord("'"): None, ord("`"): None}


def fold(words: Iterable[str]) -> list[str]:
    """Each plain word with the same letters for one sound.

    All in one text, because one pass over a long text is a hundred times quicker than many over
    short ones.
    """
    text = "\n".join(words)
    for one, other in SOUNDS:
        text = text.replace(one, other)
    for letter in ascii_lowercase:
        text = text.replace(letter * 3, letter).replace(letter * 2, letter)
    return text.split("\n")


def find(cases: Sequence[str], names: str, asked: str, *, limit: int) -> list[Match]:
    """The cases whose names are most like what was asked for, the best first.

    `names` holds one plain name a line, and `cases` the case of each line; a case may have several.
    """
    words = _words(asked)
    if not words or not names:
        return []
    lines, whole = names.split("\n"), " ".join(words)
    near = _near(words, list(set(names.split())))
    weights = [len(word) + 1 for word in words]
    ready = frozenset(word for word, worth in near.items() if max(worth) >= NEAR)
    found = [n for n, line in enumerate(lines) if not ready.isdisjoint(line.split())]
    scored = [(_score(lines[n].split(), near, weights), n) for n in found]
    scored = nlargest(20 * limit, scored)
    if not scored or scored[0][0] < SURE:  # a space too many or too few
        close: Any = process.extract(
            "".join(words), [line.replace(" ", "") for line in lines],
            scorer=OSA.normalized_similarity, score_cutoff=WHOLE, limit=limit,
        )  # fmt: skip
        scored += [(worth, n) for _line, worth, n in close]
    best = dict[str, float]()
    for score, n in scored:
        # Of those that are equal word by word, the one that is most like as a whole comes first.
        like = 0.9 * score + 0.1 * OSA.normalized_similarity(whole, lines[n])
        best[cases[n]] = max(best.get(cases[n], 0.0), like)
    matches = [Match(case, score) for case, score in best.items() if score >= SHOWN]
    return sorted(matches, key=lambda match: (-match.score, match.case))[:limit]


def _words(asked: str) -> list[str]:
    """The words of a name without how a person is addressed."""
    said = plain(asked).split()
    return [word for word in said if word not in _forms()[1]] or said


def _near(words: list[str], known: list[str]) -> dict[str, list[float]]:
    """What each known word is worth to each word asked for; those worth nothing are left out."""
    found = dict[str, list[float]]()
    sounds = fold(known)
    for place, (word, sound) in enumerate(zip(words, fold(words), strict=True)):
        worth = {
            one: INITIAL
            for one in known
            if word.startswith(one) or (len(word) == 1 and one.startswith(word))
        }
        same = _forms()[0].get(sound, frozenset())
        worth |= {one: KNOWN_AS for one, heard in zip(known, sounds, strict=True) if heard in same}
        for asked, choices, part in ((word, known, 1.0), (sound, sounds, SOUND)):
            close: Any = process.extract(
                asked, choices, scorer=OSA.normalized_similarity, score_cutoff=NEAR, limit=None
            )
            for _one, alike, n in close:
                worth[known[n]] = max(worth.get(known[n], 0.0), alike * part)
        for one, alike in worth.items():
            found.setdefault(one, [0.0] * len(words))[place] = alike
    return found


def _score(line: list[str], near: dict[str, list[float]], weights: list[int]) -> float:
    """How much of what was asked for this name has, whatever the order; each word counts once."""
    pairs = sorted(
        (
            (worth * weights[asked], asked, n)
            for n, word in enumerate(line)
            if word in near
            for asked, worth in enumerate(near[word])
            if worth
        ),
        reverse=True,
    )
    total, asked_for, used = 0.0, set[int](), set[int]()
    for worth, asked, n in pairs:
        if asked not in asked_for and n not in used:
            total += worth
            asked_for.add(asked)
            used.add(n)
    return total / sum(weights) - SPARE * (len(line) - len(used))


@cache
def _forms() -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Each folded form with the others of its name; and the words of address."""
    said = content.load(NAMES)
    forms: dict[str, frozenset[str]] = {}
    for group in said["same"]:
        folded = frozenset(fold(group))
        for one in folded:
            forms[one] = forms.get(one, frozenset()) | folded - {one}
    return forms, frozenset(said["address"])


def tidy(names: Iterable[str]) -> list[str]:
    """Names as the shard keeps them: plain, one line each, none twice."""
    return list(
        dict.fromkeys(one for one in (" ".join(plain(name).split()) for name in names) if one)
    )
