"""Reports about one event: one only while both reporters say yes, and neither learns of the other."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from simpul.core.access import NotYourDuty
from simpul.reports import access, actions, queries
from simpul.reports.actions import duties, together
from simpul.reports.models import Link, Question, Report
from tests.conftest import Cast, Door, Receipt
from tests.vault import apart

pytestmark = pytest.mark.django_db
SignIn = Callable[[str], Door]
NOW = timezone.now()


def text(response: Any) -> str:
    """The page as a person reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def report_of(receipt: Receipt) -> Report:
    """The report behind a receipt."""
    return Report.objects.get(lookup=receipt.opened.lookup)


@pytest.fixture
def two(cast: Cast) -> tuple[Receipt, Receipt]:
    """Two reports at one desk, whose reporters are asked."""
    first, second = cast.file(story="Cerita satu."), cast.file(story="Cerita dua.")
    with cast.acting("intake") as actor:
        together.ask(
            actor=actor, report=report_of(first), other=report_of(second), now=timezone.now()
        )
    return first, second


def says(cast: Cast, receipt: Receipt, said: str) -> None:
    """A reporter answers."""
    with cast.reporting(receipt) as reporter:
        [question] = access.own_questions()
        together.answer(actor=reporter, ref=question.ref, said=said)


def linked(cast: Cast, receipt: Receipt) -> list[str]:
    """What the desk sees beside a report."""
    with cast.acting("intake") as actor:
        return [one.code for one in queries.together_with(actor, report_of(receipt))]


def test_only_two_yes_make_one_event_and_one_no_ends_it(
    cast: Cast, two: tuple[Receipt, Receipt]
) -> None:
    first, second = two
    assert linked(cast, first) == []
    says(cast, first, "yes")
    assert linked(cast, first) == linked(cast, second) == [] and not Link.objects.exists()
    says(cast, second, "later")
    assert not Link.objects.exists()
    says(cast, second, "yes")
    assert linked(cast, first) == [report_of(second).code]
    assert linked(cast, second) == [report_of(first).code]
    says(cast, first, "no")
    assert linked(cast, first) == linked(cast, second) == [] and not Link.objects.exists()
    says(cast, first, "yes")
    assert linked(cast, second) == [report_of(first).code], "she may change it again"


def test_stopping_a_report_ends_the_link_with_it(cast: Cast, two: tuple[Receipt, Receipt]) -> None:
    for receipt in two:
        says(cast, receipt, "yes")
    with cast.reporting(two[0]) as reporter:
        actions.withdraw(actor=reporter, now=NOW)
    assert not Link.objects.exists()
    with cast.reporting(two[0]) as reporter:
        actions.reopen(actor=reporter, now=NOW)
    assert not Link.objects.exists(), "coming back is no yes"


def test_without_a_yes_no_column_of_any_table_joins_the_two(
    cast: Cast, two: tuple[Receipt, Receipt]
) -> None:
    """A database administrator who looks through every row finds the one nowhere beside the other."""
    refs = [{str(v) for v in (r.ref, r.dialogue, r.code)} for r in (report_of(one) for one in two)]
    says(cast, two[0], "yes")
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT t::text FROM "{model._meta.db_table}" t')
            for (row,) in cursor.fetchall():
                assert not (any(a in row for a in refs[0]) and any(b in row for b in refs[1])), row
    pairs = [one.pair for one in Question.objects.order_by("ref")]
    assert len([pair for pair in pairs if pair]) == 1, "and hers stands alone"


def test_neither_reporter_learns_who_or_how_many(
    cast: Cast, two: tuple[Receipt, Receipt], public: Door
) -> None:
    for receipt in two:
        says(cast, receipt, "yes")
    other = report_of(two[1])
    public.post("/reports/open/", {"words": two[0].typed})
    for path in ("/reports/mine/", "/reports/mine/data/"):
        html = public.get(path).content.decode()
        assert other.code not in html and str(other.ref) not in html
        assert "Cerita dua" not in html
    assert "Anda menjawab: boleh." in text(public.get("/reports/mine/"))


def test_she_answers_with_a_press_and_a_foreign_question_is_not_there(
    cast: Cast, two: tuple[Receipt, Receipt], public: Door
) -> None:
    public.post("/reports/open/", {"words": two[0].typed})
    own = Question.objects.get(report=report_of(two[0]))
    foreign = Question.objects.get(report=report_of(two[1]))
    assert "Boleh laporan ini ditangani bersama" in text(public.get("/reports/mine/"))
    for ref, said in ((foreign.ref, "yes"), (own.ref, "perhaps")):
        public.post(f"/reports/mine/together/{ref}/", {"answer": said})
    assert not Question.objects.exclude(answer="").exists()
    public.get(f"/reports/mine/together/{own.ref}/?answer=yes")
    assert not Question.objects.exclude(answer="").exists(), "a link cannot say yes for her"
    assert public.post(f"/reports/mine/together/{own.ref}/", {"answer": "yes"}).status_code == 302
    assert Question.objects.get(answer="yes").ref == own.ref
    with cast.reporting(two[0]) as reporter, pytest.raises(NotYourDuty):
        together.answer(actor=reporter, ref=foreign.ref, said="yes")


def test_the_desk_can_neither_answer_nor_link(cast: Cast, two: tuple[Receipt, Receipt]) -> None:
    """Not through the application, and not past it."""
    first, second = (report_of(one) for one in two)
    says(cast, two[0], "yes")
    pair = Question.objects.get(answer="yes").pair
    with cast.acting("intake"):
        for act in (
            lambda: Question.objects.update(answer="yes", pair=pair),
            lambda: Link.objects.create(pair=pair, first=first, second=second, made_at=NOW),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                act()
    with pytest.raises(DatabaseError), transaction.atomic():  # the owner of the tables, either
        Link.objects.create(pair=pair, first=first, second=second, made_at=NOW)


def test_the_desk_must_read_both(cast: Cast, sign_in: SignIn) -> None:
    here, elsewhere = cast.file(), cast.file("office", fallback=None)
    code = report_of(here).code
    for typed in (report_of(elsewhere).code, code, "TIDAKADA22"):
        page = sign_in("intake").post(f"/reports/{code}/together/", {"code": typed})
        assert page.status_code == 422
    assert not Question.objects.exists()
    third = cast.file()
    typed = report_of(third).code.lower() + " "
    assert sign_in("intake").post(f"/reports/{code}/together/", {"code": typed}).status_code == 302
    assert Question.objects.count() == 2
    assert "belum dijawab" in text(sign_in("intake").get(f"/reports/{code}/together/"))


def test_one_owner_for_one_event(cast: Cast, two: tuple[Receipt, Receipt]) -> None:
    """Where she is free in both; a handover takes both with it."""
    for receipt in two:
        cast.open_case(receipt)
        says(cast, receipt, "yes")
    with cast.acting("colleague") as actor:
        for receipt in two:
            duties.declare(actor=actor, report=report_of(receipt), tie="no", now=NOW)
    with cast.acting("intake") as actor:
        duties.assign(
            actor=actor, report=access.get_report(actor, report_of(two[0]).code),
            owner=cast.user("colleague"), deputy=None, reason="workload",
        )  # fmt: skip
    assert set(Report.objects.values_list("owner__username", flat=True)) == {"colleague"}


@pytest.fixture
def other() -> Iterator[apart.Apart]:
    """A database that commits."""
    with apart.database() as made:
        yield made


def test_two_yes_at_the_same_moment_make_the_link(cast: Cast, other: apart.Apart) -> None:
    """Neither transaction sees the other's yes, and still one of them finds both."""
    made: list[Receipt] = other.do(lambda: [cast.file(), cast.file()])

    def ask() -> None:
        with cast.acting("intake") as actor:
            together.ask(actor=actor, report=report_of(made[0]), other=report_of(made[1]), now=NOW)

    def meanwhile() -> None:
        with cast.reporting(made[0]) as reporter:
            [question] = access.own_questions()
            together.answer(actor=reporter, ref=question.ref, said="yes")
            second = other.start(lambda: says(cast, made[1], "yes"))
            other.wait_until_waiting(second)
        second.result(20)

    other.do(ask)
    other.do(meanwhile)
    assert other.do(lambda: Link.objects.count()) == 1
