"""Invented names for the tests of the search: common parts, combined by a seeded chance. Nobody real."""

from collections.abc import Iterator
from random import Random

GIVEN = """
Maria Yohana Yosefina Fransiska Theresia Elisabeth Margaretha Kristina Agustina Yuliana Paulina
Antonia Katarina Magdalena Martha Veronika Anastasia Benedikta Yovita Wilhelmina Regina Monika
Adelheid Dorothea Selfina Marselina Yustina Hermina Oktaviana Rosalia Petronela Natalia Yohanes
Yosef Fransiskus Petrus Paulus Antonius Agustinus Benediktus Bernadus Dominikus Emanuel
Kristoforus Martinus Marselinus Stefanus Thomas Yakobus Yulius Ferdinandus Gabriel Siti Nur
Aisyah Fatimah Khadijah Zainab Halimah Rahmawati Nurhayati Sulastri Suryani Wahyuni Muhammad
Ahmad Abdul Ibrahim Ismail Yusuf Hasan Umar Rahman Hidayat Syarifudin Zainal Sri Dewi Ratna
Indah Lestari Kartini Suharti Sumiati Ningsih Puspita Wulandari Fitri Melani Novita Yanti Rina
Lina Tini Yuni Ani Desi Dian Eka Tri Putu Made Nyoman Ketut
"""
BEGIN = (
    "Ba Be Bo Da De Do Fa Fo Ga Go Ha He Ka Ke Ko La Le Lo Ma Me Mo Na Ne No Pa Ra Re Sa Se Ta Te"
)
MIDDLE = "- ba be di ga ka la li mo na ni ra ri ta to"
END = "bu do fa ga ho ka ki la le lu mau mu na ngga ni nu ra ru sa se ta tu wa wi"
OLD = [("u", "oe"), ("j", "dj"), ("c", "tj"), ("y", "j"), ("sy", "sj"), ("f", "v"), ("k", "ch"),
       ("s", "z"), ("n", "nn"), ("l", "ll"), ("h", ""), ("th", "t"), ("p", "f")]  # fmt: skip
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def invented(count: int, *, seed: int = 1) -> list[str]:
    """So many different names: a fifth of one word, the others of two to four."""
    chance, made = Random(seed), dict[str, None]()
    families = [_word(chance) for _ in range(max(200, count // 10))]
    while len(made) < count:
        words = chance.choices([1, 2, 3, 4], [20, 40, 30, 10])[0]
        if words == 1:
            name = _word(chance)
        else:
            name = " ".join([*chance.sample(GIVEN.split(), words - 1), chance.choice(families)])
        made[name] = None
    return list(made)


def _word(chance: Random) -> str:
    """A made family name, or the one word that is somebody's whole name."""
    parts = [chance.choice(part.split()) for part in (BEGIN, MIDDLE, MIDDLE, END)]
    return "".join(parts).replace("-", "")


def edited(name: str, chance: Random) -> str:
    """The name with one letter too many, too few, another, or two in each other's place."""
    at = chance.choice([n for n, letter in enumerate(name) if letter != " "])
    letter = chance.choice(LETTERS.replace(name[at].lower(), ""))
    kind = chance.choice(["insert", "delete", "substitute", "transpose"])
    if kind == "transpose":
        swaps = [n for n in range(len(name) - 1) if name[n].lower() != name[n + 1].lower()]
        at = chance.choice(swaps)
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    middle = {"insert": name[at] + letter, "delete": "", "substitute": letter}[kind]
    return name[:at] + middle + name[at + 1 :]


def old_spelling(name: str) -> Iterator[str]:
    """The name as somebody may write it who heard it, or learned to write before 1972."""
    for new, old in OLD:
        if new in name.lower():
            yield name.lower().replace(new, old)
