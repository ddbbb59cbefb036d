"""The score of one assignment: the domain's worked example, and what must hold whatever happened."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.scoring import CURRENT, MODELS, Component, Flag, Grade, Inputs, Marks, Spent, score

# Receipt 3 hours of 2, arrival 6 of 8, handling 44 of 40, one rework, 5 of 6 pieces of evidence, 16 marks of 20, mean 4.2.
EXAMPLE = Inputs(
    spent={"receipt": Spent(3, 2), "arrival": Spent(6, 8), "handling": Spent(44, 40)},
    evidence={str(number): number < 5 for number in range(6)},
    reworks=1,
    marks=Marks(4, 4, 4, 4),
    satisfaction=(4, 4, 4, 4, 5),
)
PERFECT = Inputs(
    spent={"receipt": Spent(1, 2), "arrival": Spent(6, 8), "handling": Spent(40, 40)},
    evidence={"all": True},
    marks=Marks(5, 5, 5, 5),
    satisfaction=(5,),
)

hours = st.floats(0, 500)
spent = st.builds(Spent, hours, st.floats(0.25, 500), st.booleans())
marks = st.builds(Marks, *[st.integers(0, 5)] * 4)
inputs = st.builds(
    Inputs,
    spent=st.fixed_dictionaries(dict.fromkeys(("receipt", "arrival", "handling"), spent)),
    evidence=st.dictionaries(st.text(max_size=3), st.booleans(), max_size=6),
    extensions=st.integers(0, 3),
    reworks=st.integers(0, 5),
    refused_returns=st.integers(0, 3),
    marks=st.none() | marks,
    satisfaction=st.lists(st.integers(1, 5), max_size=5).map(tuple),
    exempt=st.lists(st.sampled_from(Component.values), max_size=4, unique=True).map(tuple),
    bonus=st.floats(0, 20),
    deductions=st.floats(0, 50),
    veto=st.booleans(),
)


def scored(it: Inputs) -> object:
    """What is shown of a score, None where nothing counts."""
    try:
        return score(it)
    except ValueError:
        return None


def parts(it: Inputs) -> dict[str, Decimal | None]:
    return {part.component.value: part.got for part in score(it).parts}


def test_r66_the_worked_example() -> None:
    found = score(EXAMPLE)
    assert {name: str(points) for name, points in parts(EXAMPLE).items()} == {
        "receipt": "7.50",
        "arrival": "25.00",
        "handling": "31.50",
        "quality": "10.00",
        "trace": "8.33",
    }
    assert [str(it) for it in (found.system, found.street, found.total)] == ["82.33", "80.00", "81.17"]
    assert (found.grade, found.flags) == (Grade.GOOD, (Flag.LATE,))


def test_the_worked_example_without_receipt() -> None:
    found = score(replace(EXAMPLE, exempt=("receipt",)))
    assert str(found.system) == "88.04"
    assert parts(replace(EXAMPLE, exempt=("receipt",)))["receipt"] is None
    # That it was late, and by how much, stays visible.
    assert found.flags == (Flag.LATE, Flag.EXEMPT)
    assert found.parts[0].spent == Spent(3, 2)


@pytest.mark.parametrize(
    ("used", "share"), [(0, 1), (8, 1), (8.0001, 0.9999875), (10, 0.75), (12, 0.5), (16, 0), (40, 0)]
)
def test_points_fall_from_the_limit_to_twice_the_limit(used: float, share: float) -> None:
    assert Spent(used, 8).share == pytest.approx(share)


def test_what_was_never_done_gets_nothing_once_its_limit_has_passed_and_does_not_count_before() -> None:
    assert Spent(9, 8, done=False).share == 0
    waiting = replace(PERFECT, spent={**PERFECT.spent, "handling": Spent(8, 8, done=False)})
    assert parts(waiting)["handling"] is None
    assert parts(waiting)["quality"] is None  # nothing was handed in
    assert score(waiting).flags == (Flag.MOOT,)
    never = replace(PERFECT, spent={**PERFECT.spent, "handling": Spent(8.1, 8, done=False)})
    assert parts(never)["handling"] == 0
    assert score(never).flags == (Flag.LATE,)


def test_without_answers_the_whole_weight_is_the_professional_assessments() -> None:
    found = score(replace(EXAMPLE, satisfaction=(), marks=Marks(5, 4, 3, 2)))
    assert found.street == 70
    assert Flag.UNSURVEYED in found.flags
    only_answers = score(replace(EXAMPLE, marks=None))
    assert only_answers.street == 80
    assert Flag.UNMARKED in only_answers.flags
    nothing = score(replace(EXAMPLE, marks=None, satisfaction=()))
    assert (nothing.street, nothing.total) == (None, nothing.system)


def test_each_extension_takes_a_tenth_of_the_points_for_being_in_time() -> None:
    assert parts(replace(PERFECT, extensions=1))["handling"] == Decimal("31.50")
    assert parts(replace(PERFECT, extensions=2))["handling"] == Decimal("28.35")


def test_reworks_and_refused_returns_take_five_points_each_and_never_more_than_there_are() -> None:
    assert parts(replace(PERFECT, reworks=1, refused_returns=1))["quality"] == 5
    assert parts(replace(PERFECT, reworks=4))["quality"] == 0


def test_bonus_deductions_and_veto() -> None:
    assert score(replace(EXAMPLE, bonus=9)).total == Decimal("86.17")
    assert score(replace(EXAMPLE, deductions=50)).total == Decimal("61.17")
    assert score(replace(PERFECT, bonus=5)).total == 100
    vetoed = score(replace(PERFECT, veto=True))
    assert (vetoed.total, vetoed.grade, vetoed.flags) == (Decimal(0), Grade.POOR, (Flag.VETOED,))


@pytest.mark.parametrize(
    ("total", "grade"),
    [(90, Grade.EXCELLENT), (89, Grade.GOOD), (80, Grade.GOOD), (79, Grade.FAIR), (60, Grade.FAIR), (59, Grade.POOR)],
)
def test_grades(total: int, grade: Grade) -> None:
    even = replace(CURRENT, most_deductions=100)
    assert score(replace(PERFECT, deductions=100 - total), even).grade == grade


def test_nothing_at_all_is_no_score() -> None:
    bare = replace(EXAMPLE, exempt=tuple(Component.values))
    assert score(bare).system is None
    assert score(bare).total == score(bare).street
    with pytest.raises(ValueError, match="nothing to score"):
        score(replace(bare, marks=None, satisfaction=()))


def test_every_model_sums_to_a_hundred_and_is_found_by_its_version() -> None:
    for version, model in MODELS.items():
        assert version == model.version
        assert set(model.points) == set(Component.values)
        assert sum(model.points.values()) == model.professional + model.satisfaction == 100
        assert model.system + model.street == 1
    assert CURRENT.version in MODELS


@given(inputs)
def test_all_is_between_nothing_and_a_hundred(it: Inputs) -> None:
    if scored(it) is None:
        return
    found = score(it)
    for number in (found.system, found.street, found.total):
        assert number is None or 0 <= number <= 100
    for part in found.parts:
        assert part.got is None or 0 <= part.got <= Decimal(str(part.points))


@given(inputs, st.sampled_from(["receipt", "arrival", "handling"]), st.floats(0, 100))
def test_more_time_used_is_never_more_points(it: Inputs, component: str, more: float) -> None:
    before = it.spent[component]
    longer = replace(it, spent={**it.spent, component: replace(before, used=before.used + more, done=True)})
    shorter = replace(it, spent={**it.spent, component: replace(before, done=True)})
    if scored(shorter) is not None:
        assert score(longer).total <= score(shorter).total


@given(inputs, st.integers(1, 3))
def test_more_reworks_are_never_more_points(it: Inputs, more: int) -> None:
    if scored(it) is not None:
        assert score(replace(it, reworks=it.reworks + more)).total <= score(it).total


@given(inputs, marks, st.sampled_from(["solved", "removed", "quality", "cooperation"]))
def test_more_marks_are_never_fewer_points(it: Inputs, given_marks: Marks, item: str) -> None:
    best = replace(given_marks, **{item: 5})
    assert score(replace(it, marks=given_marks)).total <= score(replace(it, marks=best)).total


@given(inputs, st.sampled_from(Component))
def test_what_is_left_out_is_re_normalised(it: Inputs, component: Component) -> None:
    """What remains keeps its proportions: the mean of the rest, and all right stays all right."""
    if scored(it) is None:
        return
    exempt = score(replace(it, exempt=(*it.exempt, component), marks=Marks(1, 1, 1, 1), veto=False))
    rest = [(part.points, part.share) for part in score(it).parts if part.component != component]
    counted = [(points, share) for points, share in rest if share is not None]
    if not counted:
        assert exempt.system is None
        return
    mean = sum(points * share for points, share in counted) / sum(points for points, _ in counted)
    assert float(exempt.system or 0) == pytest.approx(mean * 100, abs=0.0051)
    assert score(replace(PERFECT, exempt=(component,))).total == 100


@given(inputs)
def test_what_is_kept_gives_the_same_score_again(it: Inputs) -> None:
    kept = json.loads(json.dumps(it.as_json()))
    assert scored(Inputs.from_json(kept)) == scored(it)
