"""Our own engine, as the recordings are compared with it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from simpul.questionnaires import lint
from simpul.questionnaires.compile import NotCompiled, Questionnaire
from simpul.questionnaires.definition import Definition
from simpul.questionnaires.evaluate import Evaluation
from simpul.questionnaires.state import Item
from tests.questionnaires.oracle.states import NodeState, Refused

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=ZoneInfo("Asia/Makassar"))


@lru_cache(maxsize=4)
def compiled(xml: str, *, judged: bool = True) -> Questionnaire:
    """The questionnaire of an XForm, when it is inside the profile or nobody asks."""
    try:
        questionnaire = Questionnaire(Definition(xml))
    except NotCompiled as error:
        raise Refused(error.problems[0].why, str(error)) from None
    for finding in lint.expressions(questionnaire) if judged else ():
        raise Refused(finding.rule, f"{finding.name}: {finding.column} {finding.what}")
    return questionnaire


def play(
    xml: str, ops: Sequence[Sequence[str]], *, judged: bool = True
) -> Mapping[str, NodeState]:
    """The state of every node after the last operation."""
    evaluation = Evaluation(compiled(xml, judged=judged), now=NOW)
    for operation, *given in ops:
        if operation == "set":
            path, text = given
            assert evaluation.set(path, text), path
        elif operation == "add":
            assert evaluation.add(given[0]), given
        elif operation == "remove":
            assert evaluation.remove(given[0]), given
        else:
            evaluation.state.language = given[0]
        evaluation.settle()
    below = evaluation.state.root.below()
    return {item.path: _state(evaluation, item) for item in below if item.parent}


def _state(evaluation: Evaluation, item: Item) -> NodeState:
    if not item.live:
        return {"r": False}
    state = NodeState()
    if item.node.kind == "leaf":
        state["v"] = item.text
        state["q"] = evaluation.required(item)
        state["c"] = evaluation.valid(item)
        if item.node.in_body:
            state["o"] = evaluation.readonly(item)
    if item.node.itemset:
        state["ch"] = evaluation.questionnaire.values(item)
    if item.node.label and item.node.kind != "repeat":
        state["l"] = evaluation.text(item)
    return state
