"""A draft edition: begun from a file or from the boundaries in force, worked on step by step, undone, abandoned."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from geodata.areas import Areas
from gridmap.editions import findings
from gridmap.editions.attributes import LABELS, fit, storable
from gridmap.editions.changing import open_for_change
from gridmap.editions.scopes import rows_of_copy, rows_of_file, scope_of
from gridmap.editions.standing import in_force, shapes, standing, well_formed
from gridmap.models import Edition
from gridmap.models.drafts import DraftArea, DraftStep
from gridmap.problems import Conflict, Unprocessable

__all__ = ["abandon", "begin", "describe", "shapes", "standing", "take_step", "undo"]

MAX_NAME = 80
MAX_SOURCE = 200
MAX_SENTENCE = 500
DESCRIBED = ("code", "name", "kind", "households", "residents", "enterprises", "party_members", "size_waiver")
COPIED = (*DESCRIBED, "geom", "row")


def begin(
    name: str,
    areas: Areas | None,
    *,
    on: dt.date,
    by: User | None,
    at: dt.datetime,
    source: str = "",
    scope: str = "",
    columns: Mapping[str, str] | None = None,
) -> Edition:
    """A draft from the areas of a file, or with None a copy of the boundaries in force on a day below ``scope``.

    ``scope`` is the code of the area whose inside is redrawn (6, 9 or 12 digits); left empty it is read off the
    file's codes. Levels the file does not have are carried in: drawn by the areas below, or as in force where
    there are none. ``columns`` as in :func:`gridmap.editions.attributes.described`. Raises
    :class:`~gridmap.problems.Conflict` for a name that is taken, :class:`~gridmap.problems.Unprocessable` for what
    cannot stand in a draft; nothing is written then.
    """
    _check_name(name)
    if not storable(source):
        raise Unprocessable("来源中有不能保存的字符 (a character that is none)", parameter="source")
    scope = scope_of(areas, scope, on=on)
    held = in_force(scope, on=on)
    if areas is None:
        rows, kind = rows_of_copy(scope, held), DraftStep.Kind.COPY
        file, details = "", list[Any]()
        sentence = f"取自 {on} 生效的边界，共 {len(rows)} 个区域 (copied from the boundaries in force)"
    else:
        rows, kind = rows_of_file(areas, scope, held, columns), DraftStep.Kind.UPLOAD
        file = areas.source.encode(errors="replace").decode()
        details = [{"file": file, "coord": areas.coord, "areas": len(areas)}]
        sentence = (
            f"导入 {file[:100] or '文件'}：{len(areas)} 个区域，另沿用 {len(rows) - len(areas)} 个上下级区域"
            " (from a file)"
        )
    try:
        with transaction.atomic():
            edition = Edition.objects.create(
                name=name,
                scope=scope,
                source=(source or file)[:MAX_SOURCE],
                created_at=at,
                created_by=by,
            )
            _write_step(edition, kind, sentence, rows, by=by, at=at, details=details)
            findings.recheck(edition, on=on)
    except IntegrityError:
        # Somebody else took the name between the look and the write.
        _check_name(name)
        raise
    return edition


def take_step(
    edition: Edition,
    kind: DraftStep.Kind,
    sentence: str,
    *,
    replaced: Iterable[int],
    made: Sequence[DraftArea],
    details: Sequence[Any] = (),
    by: User | None,
    at: dt.datetime,
    check: bool = True,
) -> DraftStep:
    """Replace standing rows of a draft (by key) by new ones, not yet saved, and check it again: all or nothing.

    Whoever takes many steps in one transaction may leave the check (``check``) for the last. An approval is withdrawn.
    Raises :class:`~gridmap.problems.Conflict` when the edition is no draft any more or when one of the rows was
    replaced in the meantime.
    """
    keys = set(replaced)
    with transaction.atomic():
        open_for_change(edition)
        stale = keys - set(
            DraftArea.objects.filter(edition=edition, pk__in=keys).standing().values_list("pk", flat=True)
        )
        if stale:
            raise Conflict("草稿已被他人修改，请刷新后再做 (the draft has changed meanwhile)")
        step = _write_step(edition, kind, sentence, made, by=by, at=at, details=details)
        DraftArea.objects.filter(pk__in=keys).update(replaced_by=step)
        if check:
            findings.recheck(edition, on=timezone.localdate(at))
    return step


def undo(edition: Edition, *, step_id: int, by: User | None, at: dt.datetime) -> None:
    """Take the last step back: its rows go, those it replaced return as they were.

    Who did and who undid it stays in the details of the step before. Raises :class:`~gridmap.problems.Conflict` for
    any other step and for the first, which made the draft.
    """
    with transaction.atomic():
        open_for_change(edition)
        steps = list(edition.steps.order_by("-pk")[:2])
        if not steps or steps[0].pk != step_id:
            raise Conflict("只能撤回最后一步，请刷新后再做 (only the last step can be undone)")
        if len(steps) == 1:
            raise Conflict("这是建立草稿的一步，不能撤回，可以放弃草稿 (the step that began the draft)")
        last, before = steps
        before.details = [
            *before.details,
            *(it for it in last.details if isinstance(it, dict) and "undone" in it),
            {"undone": last.sentence, "by": _pk(last.by), "undone_by": _pk(by), "at": at.isoformat()},
        ]
        before.save(update_fields=["details"])
        last.delete()
        findings.recheck(edition, on=timezone.localdate(at))


def describe(
    edition: Edition, row_id: int, changes: Mapping[str, Any], *, by: User | None, at: dt.datetime
) -> DraftStep:
    """Change what one row says of its area: code, name, kind, counts (None keeps the registry's) or size_waiver.

    ``changes`` by those names. Raises :class:`~gridmap.problems.Conflict` when the row no longer stands,
    :class:`~gridmap.problems.Unprocessable` for a value that does not fit or when nothing would change.
    """
    row = DraftArea.objects.filter(edition=edition, pk=row_id).standing().first()
    if row is None:
        raise Conflict("该区域已被他人修改，请刷新后再做 (the row has changed meanwhile)")
    where = f"{row.code} {row.name}".strip()
    unknown = sorted(set(changes) - set(DESCRIBED))
    if unknown:
        raise Unprocessable(f"{where}：不能修改 {unknown[0]} (no such field)", parameter=unknown[0])
    fitting = {field: fit(field, value, where) for field, value in changes.items()}
    changed = {field: value for field, value in fitting.items() if value != getattr(row, field)}
    if not changed:
        raise Unprocessable(f"{where}：没有改动 (nothing changed)")
    if "code" in changed and not well_formed(changed["code"]):
        raise Unprocessable("编码应为 6、9、12 或 15 位数字 (an ill-formed code)", parameter="code")
    details = [
        {"field": field, "label": LABELS[field], "before": getattr(row, field), "after": value}
        for field, value in changed.items()
    ]
    what = "、".join(f"{LABELS[field]}改为“{_shown(value)}”" for field, value in changed.items())
    made = successor(row, **changed)
    return take_step(
        edition,
        DraftStep.Kind.DESCRIBE,
        f"{where}：{what} (described)",
        replaced=[row_id],
        made=[made],
        details=details,
        by=by,
        at=at,
    )


def successor(row: DraftArea, /, **changed: Any) -> DraftArea:
    """A new row like this one except for what changed, to be given to :func:`take_step`."""
    return DraftArea(**{field: getattr(row, field) for field in COPIED} | changed)


def abandon(edition: Edition, *, by: User | None, at: dt.datetime) -> None:
    """Give a draft up; it stays to be read. Doing it again changes nothing; a published edition is a conflict."""
    with transaction.atomic():
        locked = Edition.objects.select_for_update().get(pk=edition.pk)
        if locked.state != Edition.State.ABANDONED:
            open_for_change(edition)
            _write_step(edition, DraftStep.Kind.ABANDON, "放弃草稿 (abandoned)", [], by=by, at=at)
            Edition.objects.filter(pk=edition.pk).update(state=Edition.State.ABANDONED)
    edition.refresh_from_db()


def _write_step(
    edition: Edition,
    kind: DraftStep.Kind,
    sentence: str,
    made: Sequence[DraftArea],
    *,
    by: User | None,
    at: dt.datetime,
    details: Sequence[Any] = (),
) -> DraftStep:
    step = DraftStep.objects.create(
        edition=edition, kind=kind, sentence=sentence[:MAX_SENTENCE], details=list(details), at=at, by=by
    )
    for row in made:
        row.edition, row.made_by = edition, step
    DraftArea.objects.bulk_create(made)
    return step


def _check_name(name: str) -> None:
    if not 0 < len(name) <= MAX_NAME or not storable(name):
        raise Unprocessable(f"版本名称应为 1 至 {MAX_NAME} 字 (edition name)", parameter="name")
    if Edition.objects.filter(name=name).exists():
        raise Conflict(f"已有名为“{name}”的边界版本 (edition name taken)", parameter="name")


def _shown(value: Any) -> str:
    return "沿用登记" if value is None else str(value)


def _pk(user: User | None) -> int | None:
    return user.pk if user is not None else None
