"""A definition is what was imported: hashed, bounded, without anything from elsewhere."""

import pytest

from simpul.questionnaires import definition
from simpul.questionnaires.definition import Definition, NotAForm
from tests.questionnaires import forms
from tests.questionnaires.examples import SOUND

XML = forms.read(SOUND.text).xml


def test_the_same_form_has_the_same_digest_and_a_changed_one_another() -> None:
    one = Definition(XML)
    spaced = Definition(XML.replace('<bind nodeset="', '<bind  nodeset="'))
    assert one.digest == spaced.digest
    assert one.digest != Definition(XML.replace("Siapa nama Anda?", "Siapa Anda?")).digest
    assert len(one.digest) == 32


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        ("", "xml"), ("<html", "xml"), ("<html/>", "shape"), ("x" * 100, "xml"),
        (XML.replace("<?xml version=\"1.0\"?>", "<!DOCTYPE x>"), "xml"),
        ('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>', "xml"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>', "xml"),
        (" " * (definition.MAX_BYTES + 1), "large"),
    ],
)  # fmt: skip
def test_what_is_no_form_is_refused(xml: str, why: str) -> None:
    with pytest.raises(NotAForm) as raised:
        Definition(xml)
    assert raised.value.why == why


def test_a_form_with_too_many_nodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(definition, "MAX_NODES", 5)
    with pytest.raises(NotAForm) as raised:
        Definition(XML)
    assert raised.value.why == "nodes"


def test_a_part_of_a_record_is_inherited_from_the_nearest_group() -> None:
    nodes = Definition(XML).nodes
    assert nodes["/data/diri/nama"].compartment_of == "identity"
    assert nodes["/data/saksi/usia"].compartment_of == "incident"
    assert nodes["/data/saksi_count"].compartment_of == "incident"
