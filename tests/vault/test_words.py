"""The receipt words can be told apart by four letters, and none of them hurts to read."""

from importlib.resources import files

import pytest

TEXT = (files("simpul.vault") / "content" / "words.txt").read_text(encoding="ascii")
WORDS = TEXT.splitlines()

# Starts of words: sexual or bodily, violent, about guilt or consent, insulting, of faith, law,
# illness or drink, and names that newspapers give to survivors.
FORBIDDEN = (
    "anal|anus|bugil|burit|cabul|cium|coli|cuki|desah|erotis|genit|hamil|intim|itil|"
    "jalang|janda|jembut|kelamin|kemaluan|kondom|kontol|lacur|lonte|mani|memek|mesum|nafsu|"
    "nikmat|pantat|payudara|peju|pelir|penis|pentil|pepek|perawan|perek|porno|puki|ranjang|seks|"
    "semen|sodomi|susu|telanjang|tete|vagina|zakar|zina|"
    "ancam|bacok|bunuh|cambuk|celurit|cubit|darah|golok|hantu|iblis|jerat|keris|korban|luka|"
    "mayat|pasung|pedang|perkosa|pisau|pukul|rantai|setan|siksa|tampar|tembak|teror|tikam|"
    "baju|bukti|celana|damai|jujur|malam|pacar|rela|sabar|suka|yakin|"
    "anjing|babi|bangsat|bego|binatang|bodoh|cebong|goblok|idiot|kampret|monyet|murahan|"
    "tolol|"
    "dosa|gereja|haram|injil|masjid|neraka|salib|surga|"
    "borgol|hakim|hukum|jaksa|penjara|polisi|sidang|tersangka|"
    "aids|batuk|kanker|kusta|sakit|virus|arak|ganja|rokok|tuak|"
    "bunga|kuntum|mawar|melati"
)
STEMS = FORBIDDEN.split("|")


def test_there_are_exactly_2048_words_one_on_each_line() -> None:
    """Eleven bits a word; six words carry the 66 bits of a receipt."""
    assert len(WORDS) == 2048
    assert "\n".join(WORDS) + "\n" == TEXT


def test_the_words_are_sorted() -> None:
    """The place in the list is the number of the word, so the order may never change."""
    assert sorted(WORDS) == WORDS


def test_the_first_four_letters_of_each_word_are_its_own() -> None:
    """Whatever somebody types after four letters does not matter."""
    assert len({word[:4] for word in WORDS}) == len(WORDS)


def test_every_word_has_four_to_eight_plain_small_letters() -> None:
    """No hyphen, no accent, no capital: any keyboard can type it."""
    plain = set("abcdefghijklmnopqrstuvwxyz")
    assert [word for word in WORDS if not (4 <= len(word) <= 8 and set(word) <= plain)] == []


@pytest.mark.parametrize("stem", STEMS)
def test_no_word_begins_with_a_stem_that_could_hurt(stem: str) -> None:
    """Nobody meets such a word on the page that ends a report."""
    assert [word for word in WORDS if word.startswith(stem)] == []
