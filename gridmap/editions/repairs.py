"""Make the safe repairs of a draft: one step that lists them all, and that can be undone like any other."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from geodata import repairing
from geodata.checking import REPAIR_LABELS
from gridmap.editions.changing import open_for_change
from gridmap.editions.drafts import successor, take_step
from gridmap.editions.geometry_checks import described, parents_of
from gridmap.editions.registry_checks import Draft
from gridmap.editions.scopes import stored
from gridmap.models import DraftArea, Edition
from gridmap.models.drafts import DraftStep
from gridmap.problems import Conflict


def repair(edition: Edition, *, by: User | None, at: dt.datetime) -> DraftStep:
    """Repair what has one safe repair; the details of the step say of each what was done.

    Raises :class:`~gridmap.problems.Conflict` when there is nothing to repair or the edition is no draft any more.
    """
    with transaction.atomic():
        open_for_change(edition)
        draft = Draft.of(edition, on=timezone.localdate(at))
        keys = draft.rows.table["id"].to_numpy()
        made = repairing.repair(described(draft), parents=parents_of(draft))
        if not made.repairs:
            raise Conflict("没有可以自动修复的问题，其余请在图上修改 (nothing has one safe repair)")
        shapes = dict(zip(keys[made.kept].tolist(), made.areas.shapes, strict=True))
        drawn = dict(zip(keys.tolist(), draft.rows.shapes, strict=True))
        changed = [key for key, shape in shapes.items() if shape is not drawn[key]]
        rows = DraftArea.objects.in_bulk(changed)
        return take_step(
            edition,
            DraftStep.Kind.REPAIR,
            f"自动修复 {len(made.repairs)} 处：{_counted(made.repairs)} (repaired)",
            replaced=[*changed, *keys[~made.kept].tolist()],
            made=[successor(rows[key], geom=stored(shapes[key])) for key in changed],
            details=[{"sentence": it.sentence, "repair": it.kind, "code": it.code} for it in made.repairs],
            by=by,
            at=at,
        )


def _counted(repairs: list[repairing.Repair]) -> str:
    numbers = Counter(it.kind for it in repairs)
    return "，".join(f"{label} {numbers[kind]}" for kind, label in REPAIR_LABELS.items() if numbers[kind])
