"""One whistle, one assessment (R65, R66, R78): the score of what one department was asked, by a model that is data.

Pure: what happened is passed in, and so is the model. A result names the version of the model it was worked out by, so
a new version never changes an old result; every version that was ever used stays in :data:`MODELS`.

The article says what is joined (the system's evaluation and the town's) and gives no number. Every number below is our
default: the shares, the points, what counts as being late, the rubric, the grades. Limits are in :mod:`cases.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import TextChoices


class Component(TextChoices):
    """What the system's part looks at."""

    RECEIPT = "receipt", "查收及时"
    ARRIVAL = "arrival", "报到及时"
    HANDLING = "handling", "按期办结"
    QUALITY = "quality", "返工退单"
    TRACE = "trace", "留痕完整"


class Flag(TextChoices):
    """What a reader of a result has to know beside its numbers."""

    LATE = "late", "有超时"
    EXEMPT = "exempt", "申诉豁免"
    MOOT = "moot", "未到期限即结项"
    UNSURVEYED = "unsurveyed", "未调查"
    UNMARKED = "unmarked", "无专业评估"
    VETOED = "vetoed", "一票否决"


class Grade(TextChoices):
    """A result in one word."""

    EXCELLENT = "excellent", "优"
    GOOD = "good", "良"
    FAIR = "fair", "中"
    POOR = "poor", "差"


# The four items of the professional assessment, each from 0 to 5 marks.
RUBRIC = {"solved": "问题解决", "removed": "根源消除", "quality": "办理质量", "cooperation": "配合协作"}
MOST_MARKS = 5
# What a whole trace of a department's work has.
EVIDENCE = {
    "received": "本部门查收",
    "signed_in": "报到签到",
    "handled": "处置记录",
    "claimed": "申请办结",
    "photographed": "办结照片",
}


@dataclass(frozen=True)
class Model:
    """The numbers of one version. Points are of 100, shares of 1."""

    version: str
    points: Mapping[str, float]
    extended: float = 0.9  # of the points for being in time, for each extension that was approved
    each_rework: float = 5
    each_refused_return: float = 5
    professional: float = 60
    satisfaction: float = 40
    system: float = 0.5
    street: float = 0.5
    most_bonus: float = 5
    most_deductions: float = 20
    grades: Sequence[tuple[float, Grade]] = ((90, Grade.EXCELLENT), (80, Grade.GOOD), (60, Grade.FAIR))


CURRENT = Model("1", {"receipt": 15, "arrival": 25, "handling": 35, "quality": 15, "trace": 10})
MODELS = {model.version: model for model in (CURRENT,)}


@dataclass(frozen=True)
class Spent:
    """Hours used of those allowed; ``done`` is false for what had not come when the case was closed."""

    used: float
    allowed: float
    done: bool = True

    @property
    def late(self) -> bool:
        """Past the limit; exactly at it is in time."""
        return self.used > self.allowed

    @property
    def moot(self) -> bool:
        """Not done, and nobody waited any more: the case was closed before the limit ran out."""
        return not self.done and not self.late

    @property
    def share(self) -> float:
        """Of the points: all in time, none from twice the limit on, straight down between; none for what was never done."""
        if not self.late:
            return 1.0
        if not self.done or self.allowed <= 0:
            return 0.0
        return max(0.0, 2 - self.used / self.allowed)


@dataclass(frozen=True)
class Marks:
    """The professional assessment: marks from 0 to 5 for the items of :data:`RUBRIC`."""

    solved: int
    removed: int
    quality: int
    cooperation: int

    @property
    def total(self) -> int:
        """Of twenty."""
        return self.solved + self.removed + self.quality + self.cooperation

    @property
    def rows(self) -> list[tuple[str, int]]:
        """Each item's name with its marks."""
        return [(label, getattr(self, item)) for item, label in RUBRIC.items()]


@dataclass(frozen=True)
class Inputs:
    """All that a result is worked out from; kept with it.

    ``evidence``: what the trace was to have of it, and whether it has it. ``satisfaction``: valid answers, 1 to 5.
    ``exempt``: components a ruling found not attributable. ``bonus``, ``deductions`` and ``veto`` (a proven false
    completion) are part of the model; no verb sets them yet.
    """

    spent: Mapping[str, Spent]
    evidence: Mapping[str, bool]
    extensions: int = 0
    reworks: int = 0
    refused_returns: int = 0
    marks: Marks | None = None
    satisfaction: Sequence[int] = ()
    exempt: Sequence[str] = ()
    bonus: float = 0
    deductions: float = 0
    veto: bool = False

    @property
    def moot(self) -> frozenset[str]:
        """Components nobody waited for any more; of work that was never handed in there is no quality either."""
        found = {name for name, it in self.spent.items() if it.moot}
        return frozenset(found | {"quality"} if "handling" in found else found)

    def as_json(self) -> dict[str, Any]:
        """As :meth:`from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Inputs:
        """As :meth:`as_json` wrote it."""
        marks = Marks(**kept["marks"]) if kept["marks"] else None
        spent = {name: Spent(**it) for name, it in kept["spent"].items()}
        return cls(**(dict(kept) | {"marks": marks, "spent": spent}))


@dataclass(frozen=True)
class Part:
    """One component: its share of its points, None where it does not count."""

    component: Component
    points: float
    share: float | None
    spent: Spent | None

    @property
    def got(self) -> Decimal | None:
        """Points, None where it does not count."""
        return None if self.share is None else rounded(self.points * self.share)


@dataclass(frozen=True)
class Score:
    """A result; ``system`` and ``street`` are None where nothing of theirs counts."""

    parts: tuple[Part, ...]
    system: Decimal | None
    street: Decimal | None
    total: Decimal
    grade: Grade
    flags: tuple[Flag, ...]


def score(inputs: Inputs, model: Model = CURRENT) -> Score:
    """The result of one assignment. What does not count is left out, and the weights of the rest grow in proportion.

    Raises ValueError where nothing counts at all.
    """
    parts = tuple(_part(component, inputs, model) for component in Component)
    system = _joined((part.points, part.share) for part in parts)
    professional = inputs.marks.total / (MOST_MARKS * len(RUBRIC)) if inputs.marks is not None else None
    street = _joined([(model.professional, professional), (model.satisfaction, _satisfied(inputs.satisfaction))])
    joined = _joined([(model.system, system), (model.street, street)])
    if joined is None:
        raise ValueError("nothing to score")
    bonus, deductions = min(inputs.bonus, model.most_bonus), min(inputs.deductions, model.most_deductions)
    total = rounded(0.0 if inputs.veto else min(100.0, max(0.0, joined * 100 + bonus - deductions)))
    return Score(parts, _percent(system), _percent(street), total, _grade(total, model), _flags(inputs, parts))


def _part(component: Component, inputs: Inputs, model: Model) -> Part:
    points, spent = model.points[component], inputs.spent.get(component)
    counts = component not in inputs.exempt and component not in inputs.moot
    return Part(component, points, _share(component, inputs, model) if counts else None, spent)


def _share(component: Component, inputs: Inputs, model: Model) -> float | None:
    if component == Component.QUALITY:
        lost = model.each_rework * inputs.reworks + model.each_refused_return * inputs.refused_returns
        return max(0.0, 1 - lost / model.points[component])
    if component == Component.TRACE:
        return sum(inputs.evidence.values()) / len(inputs.evidence) if inputs.evidence else None
    share = inputs.spent[component].share
    extended = inputs.extensions if component == Component.HANDLING else 0
    return share * float(model.extended**extended)


def _satisfied(answers: Sequence[int]) -> float | None:
    return (sum(answers) / len(answers) - 1) / 4 if answers else None


def _joined(weighed: Iterable[tuple[float, float | None]]) -> float | None:
    """The mean of those there are, by weight; None of none."""
    there = [(weight, share) for weight, share in weighed if share is not None]
    total = sum(weight for weight, _ in there)
    return sum(weight * share for weight, share in there) / total if total else None


def _grade(total: Decimal, model: Model) -> Grade:
    return next((grade for least, grade in model.grades if total >= least), Grade.POOR)


def _flags(inputs: Inputs, parts: Iterable[Part]) -> tuple[Flag, ...]:
    # That it was late stays visible whether or not it counts.
    found = {
        Flag.LATE: any(part.spent is not None and part.spent.late for part in parts),
        Flag.EXEMPT: bool(inputs.exempt),
        Flag.MOOT: bool(inputs.moot),
        Flag.UNSURVEYED: not inputs.satisfaction,
        Flag.UNMARKED: inputs.marks is None,
        Flag.VETOED: inputs.veto,
    }
    return tuple(flag for flag, there in found.items() if there)


def _percent(share: float | None) -> Decimal | None:
    return None if share is None else rounded(share * 100)


def rounded(number: float) -> Decimal:
    """Two decimals, half up as people round."""
    # To nine first: what is half in decimal is often a hair below it in binary.
    return Decimal(f"{number:.9f}").quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
