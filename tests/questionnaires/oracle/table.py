"""Prints where engines differ: the two oracles from each other, ours from what both agree on."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from tests.questionnaires.oracle import recordings
from tests.questionnaires.oracle.reasons import (
    REASONS,
    Difference,
    differences,
    reason,
    refusal,
)
from tests.questionnaires.oracle.recordings import Played, Recorded, told
from tests.questionnaires.oracle.states import Player, Refused, canonical, numeric, plain

OURS = "tests.questionnaires.oracle.ours"


def show(every: bool) -> int:
    """Prints the tables; 1 when a difference has no reason, or ours is not what both oracles say."""
    forms = recordings.forms()
    print(", ".join(f"{name} {version}" for name, version in recordings.engines().items()))
    failed = _oracles(forms, every)
    if find_spec(OURS):
        failed |= _ours(forms, import_module(OURS), every)
    return int(failed)


def _oracles(forms: tuple[Recorded, ...], every: bool) -> bool:
    agreed = sum(1 for form in forms for played in form.scripts for _ in played.agreed())
    scripts = sum(len(form.scripts) for form in forms)
    print(f"{len(forms)} forms, {scripts} scripts, {agreed} facts on which both agree.\n")
    found, followed, unknown = defaultdict(list), Counter[str](), []
    for form in forms:
        for played in form.scripts:
            for one, own in differences(form, played):
                why = reason(one)
                if own and why:
                    found[why.id].append(one)
                elif own:
                    unknown.append(one)
                else:
                    followed[form.family] += 1
    print(f"{'construct':30} {'forms':>5} {'times':>5}  JavaRosa / xforms-engine, for example")
    for why in REASONS:
        if here := found.get(why.id):
            print(
                f"{why.id:30} {len({d.form.name for d in here}):5} {len(here):5}  {_line(here[0])}"
            )
            print(f"{'':43}{why.why}\n{'':43}→ {why.instead}")
    print(f"{'(follows from one of these)':30} {'':5} {followed.total():5}")
    print(f"{'without a reason':30} {'':5} {len(unknown):5}")
    for one in unknown if every else unknown[:20]:
        print("  ", one.form.name, one.script, _line(one))
    print()
    return _refusals(forms) or bool(unknown)


def _refusals(forms: tuple[Recorded, ...]) -> bool:
    kinds: dict[str, set[str]] = defaultdict(set)
    for form, played in _every(forms):
        for error in played.errors.values():
            kinds[refusal(error) or error].add(f"{form.family} ({' and '.join(played.errors)})")
    print("Refused by an engine:")
    for kind, families in sorted(kinds.items()):
        print(f"  {kind}: {', '.join(sorted(families))}")
    print()
    return any(
        not refusal(error) for _, played in _every(forms) for error in played.errors.values()
    )


def _ours(forms: tuple[Recorded, ...], ours: Player, every: bool) -> bool:
    refused, wrong, right = Counter[str](), [], 0
    for form, played in _every(forms):
        if played.errors:
            continue
        try:
            facts = list(compare(form, played, ours))
        except Refused as refusal_:
            refused[refusal_.rule] += 1
            continue
        right += sum(1 for *_, same in facts if same)
        wrong += [(form, played, *fact) for *fact, same in facts if not same]
    print(f"Ours: {right} facts the same, {len(wrong)} different.")
    for rule, count in refused.most_common():
        print(f"  refused by {rule}: {count} scripts")
    families = Counter(form.family for form, *_ in wrong)
    for family, count in families.most_common():
        print(f"  different in {family}: {count}")
    for form, played, path, attribute, expected, got in wrong if every else wrong[:40]:
        print(f"  {form.name} {played.name} {path} {attribute}: {expected!r}, ours {got!r}")
    return bool(wrong)


def compare(
    form: Recorded, played: Played, player: Player
) -> Iterator[tuple[str, str, object, object, bool]]:
    """Each (path, attribute, what both oracles say, what the player says, whether that is the same)."""
    ours = canonical(player.play(form.xml, played.ops), numeric(form.xml))
    for path, attribute, expected in played.agreed():
        if attribute == "exists":
            yield path, attribute, True, path in ours, path in ours
        elif path in ours:
            got = told(ours[path], attribute)
            yield path, attribute, expected, got, got == expected
    for path in ours:
        if path not in played.both and path not in played.javarosa and path not in played.xforms:
            yield path, "exists", False, True, False


def _every(forms: tuple[Recorded, ...]) -> Iterator[tuple[Recorded, Played]]:
    return ((form, played) for form in forms for played in form.scripts)


def _line(one: Difference) -> str:
    what = f" = {one.expression}" if one.expression else ""
    return f"{plain(one.path)} {one.attribute}{what}: {one.javarosa!r} / {one.xforms!r}"
