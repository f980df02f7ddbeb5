"""Where both oracles agree, so do we: on every form that they recorded, inside the profile or not."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.questionnaires.oracle import ours, recordings
from tests.questionnaires.oracle.states import Refused, canonical, numeric

FORMS = recordings.forms()
# A half of a sign outside the basic plane: JavaScript and Java keep it, and no database can.
HALF = "\ud83c"


def differences(form: recordings.Recorded) -> Iterator[tuple[str, str, str, Any, Any]]:
    """Every attribute on which both agree and we do not."""
    numbers = numeric(form.xml)
    for script in form.scripts:
        if script.errors:
            continue
        got = canonical(ours.play(form.xml, script.ops, judged=False), numbers)
        for path, attribute, agreed in script.agreed():
            if attribute == "exists":
                mine: Any = path in got
            elif path not in got or (attribute == "ch" and agreed == ()):
                continue
            else:
                mine = recordings.told(got[path], attribute)
            if mine != agreed and agreed != HALF:
                yield form.name, script.name, f"{path} {attribute}", agreed, mine
        known = script.both.keys() | script.javarosa.keys() | script.xforms.keys()
        yield from ((form.name, script.name, path, None, got[path]) for path in got.keys() - known)


def test_the_recordings_are_those_of_several_hundred_forms() -> None:
    assert len(FORMS) > 600


@pytest.mark.parametrize("part", range(4))
def test_where_both_oracles_agree_so_do_we(part: int) -> None:
    compared, found = 0, []
    for form in FORMS[part::4]:
        try:
            found += list(differences(form))
        except Refused:
            continue
        compared += 1
    assert found[:10] == []
    assert compared > 120


def test_a_form_that_the_engines_refuse_is_refused_by_a_rule() -> None:
    """Also those that are wrong only with some answers are told apart from those that never run."""
    never = [form for form in FORMS if all(script.errors for script in form.scripts)]
    for form in never:
        with pytest.raises(Refused):
            ours.compiled(form.xml)
    assert len(never) > 10
