"""After an edition of boundaries came into force: every case gets the area it lies in now.

Cases near what changed are read, routed all at once (:mod:`cases.redrawn`), and only those that moved are written, a
chunk in each transaction: the new area, the public point of a case whose place is kept back, and for open cases a row
of the trace and a handover that both desks are shown. How far it has come is written in the same transaction, so
whatever kills it, whoever goes on begins where the last chunk ended; and a case that has its area already is left
alone.

Editions are taken in order of their dates, and the day that counts is the edition's own: cases reported since were
routed by its boundaries when they came in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from numpy.typing import NDArray

from cases.barrier import wait_for_holders
from cases.models import Rerouting
from cases.redrawn import Codes, Floats, Pulled, Redrawn, texts
from cases.workflow import OPEN
from gridmap.models import Edition
from gridmap.problems import Conflict
from gridmap.routing import Method

CHUNK = 20_000
"""Cases looked at in one transaction; their rows are locked while it writes."""
PULL = 200_000
"""Cases read and routed in one go."""
# A publication takes a while; whatever was reported in the meantime may have been routed by the lines before.
PUBLICATION_TAKES = dt.timedelta(days=1)

# A case that somebody has placed by hand since it was read is left where it was put. Rows come locked from the UPDATE,
# so that what is traced is the state the case has then.
MOVE = f"""
WITH goes AS (
    SELECT * FROM unnest(%(pk)s::bigint[], %(was)s::text[], %(area)s::text[], %(by_hand)s::boolean[],
                         %(kept_back)s::boolean[]) AS goes (pk, was, area, by_hand, kept_back)
), place AS MATERIALIZED (
    SELECT area_id, ST_PointOnSurface(geom) AS inside FROM gridmap_boundary
    WHERE area_id = ANY (%(shown)s) AND gridmap_in_force(valid_from, valid_until, %(on)s)
), moved AS (
    UPDATE cases_case SET current_area_id = goes.area, public_point = coalesce(place.inside, public_point)
    FROM goes LEFT JOIN place ON goes.kept_back AND place.area_id = goes.area
    WHERE cases_case.id = goes.pk AND current_area_id = goes.was
      AND (route_method = '{Method.MANUAL}') = goes.by_hand
      AND (goes.was <> goes.area OR NOT ST_Equals(public_point, place.inside))
    RETURNING cases_case.id, state, goes.was, goes.area
), handed_over AS (
    SELECT * FROM moved WHERE was <> area AND state = ANY (%(open)s)
), traced AS (
    INSERT INTO cases_traceevent (case_id, seq, at, role, verb, from_state, to_state, payload, previous, seal)
    SELECT id, 0, %(at)s, '', 'reroute', state, state,
           jsonb_build_object('from_area', was, 'to_area', area, 'edition', %(edition)s::text), '', ''
    FROM handed_over ORDER BY id
), told AS (
    INSERT INTO cases_handover (case_id, edition_id, from_area_id, to_area_id, at)
    SELECT id, %(edition_id)s, was, area, %(at)s FROM handed_over ORDER BY id
    ON CONFLICT (case_id, edition_id) DO UPDATE SET to_area_id = EXCLUDED.to_area_id, at = EXCLUDED.at
)
SELECT count(*) FROM moved WHERE was <> area
"""  # noqa: S608

POINTS = """
SELECT ST_X(point), ST_Y(point), current_area_id FROM cases_case
WHERE state = ANY (%s) AND current_area_id = ANY (%s) ORDER BY id
"""


@dataclass(frozen=True)
class Progress:
    """How many of the cases the edition can concern have been looked at, and how many lie in another area now."""

    done: int
    total: int
    moved: int
    finished: bool


def pending(on: dt.date) -> list[Edition]:
    """Editions in force on that day whose cases have not all been looked at yet, the earliest first."""
    waiting = Edition.objects.filter(state=Edition.State.PUBLISHED, rerouted_at=None, valid_from__lte=on)
    return list(waiting.order_by("valid_from", "published_at", "pk"))


def advance(edition: Edition, *, at: dt.datetime, chunk: int = CHUNK) -> Progress:
    """Look at the next ``chunk`` cases, in one transaction; call it again until it says finished.

    Raises :class:`Conflict` for an edition that is not in force yet, or while an earlier one is not done.
    """
    return next(reroute(edition, at=at, chunk=chunk, pull=chunk))


def reroute(edition: Edition, *, at: dt.datetime, chunk: int = CHUNK, pull: int = PULL) -> Iterator[Progress]:
    """Do all of it, saying after each chunk how far it has come. Raises as :func:`advance`."""
    if chunk < 1:
        raise ValueError(f"a chunk of {chunk} cases")
    begun = _begin(edition, at=at)
    if begun is None:
        yield _finished(edition)
        return
    ground = _redrawn(edition)
    while True:
        cases = ground.cases(after=begun.after, limit=max(chunk, pull))
        exhausted = len(cases) < max(chunk, pull)
        if begun.total is None:
            begun.total = len(cases) if exhausted else ground.count()
        areas = ground.areas_of(cases)
        for start in range(0, max(len(cases), 1), chunk):
            part = slice(start, start + chunk)
            last = exhausted and start + chunk >= len(cases)
            if not _write(edition, begun, ground, cases.part(part), areas[part], at=at, last=last):
                break  # somebody else went on meanwhile: go on from there
            yield Progress(begun.done, begun.total, begun.moved, last)
            if last:
                return


def _begin(edition: Edition, *, at: dt.datetime) -> Rerouting | None:
    """The edition's progress so far; None when nothing is left to do."""
    edition.refresh_from_db(fields=["state", "valid_from", "published_at", "rerouted_at"])
    if edition.rerouted_at is not None:
        return None
    waiting = pending(timezone.localdate(at))
    if edition not in waiting:
        raise Conflict(f"“{edition}”还没有发布或还未生效，不能重新归入事项 (not in force yet)")
    if waiting[0] != edition:
        raise Conflict(f"请先完成“{waiting[0]}”的重新归入 (an earlier edition comes first)")
    begun = Rerouting.objects.filter(edition=edition).first()
    if begun is None:
        with transaction.atomic():
            wait_for_holders()
            begun, _ = Rerouting.objects.get_or_create(edition=edition, defaults={"begun_at": at})
    return begun


def _finished(edition: Edition) -> Progress:
    done = Rerouting.objects.filter(edition=edition).first()
    return Progress(done.done, done.done, done.moved, True) if done else Progress(0, 0, 0, True)


def _redrawn(edition: Edition) -> Redrawn:
    if edition.valid_from is None or edition.published_at is None:
        raise ValueError(f"{edition} is not published")
    done = Edition.objects.filter(state=Edition.State.PUBLISHED, rerouted_at__isnull=False)
    latest = done.aggregate(day=Max("valid_from"))["day"]
    begins = timezone.make_aware(dt.datetime.combine(edition.valid_from, dt.time()))
    return Redrawn(
        edition,
        # Dated before one that is done already: what counts is what holds after both.
        on=max(edition.valid_from, latest or edition.valid_from),
        reported_before=max(begins, edition.published_at) + PUBLICATION_TAKES,
    )


def _write(
    edition: Edition, begun: Rerouting, ground: Redrawn, cases: Pulled, areas: Codes, *, at: dt.datetime, last: bool
) -> bool:
    """Write a chunk and how far it has come, or do nothing where ``begun`` is no longer how far it has come."""
    with transaction.atomic():
        now = Rerouting.objects.select_for_update().get(pk=edition.pk)
        if now.after != begun.after:
            begun.after, begun.total, begun.done, begun.moved = now.after, now.total, now.done, now.moved
            return False
        moved = _move(edition, ground, cases, areas, at=at)
        begun.after = int(cases.pk[-1]) if len(cases) else now.after
        begun.done, begun.moved = now.done + len(cases), now.moved + moved
        begun.save(update_fields=["after", "total", "done", "moved"])
        if last:
            Edition.objects.filter(pk=edition.pk, rerouted_at=None).update(rerouted_at=at)
    return True


def _move(edition: Edition, ground: Redrawn, cases: Pulled, areas: Codes, *, at: dt.datetime) -> int:
    """Write the areas that are others than before; returns how many."""
    reshown = cases.kept_back & np.isin(areas, ground.opened)
    which = np.flatnonzero((areas != cases.area) | reshown)
    if not len(which):
        return 0
    kept_back = cases.kept_back[which]
    values = {
        "pk": cases.pk[which].tolist(),
        "was": texts(cases.area[which]),
        "area": texts(areas[which]),
        "by_hand": cases.by_hand[which].tolist(),
        "kept_back": kept_back.tolist(),
        "shown": texts(np.unique(areas[which][kept_back])),
        "open": sorted(OPEN),
        "on": ground.on,
        "at": at,
        "edition": edition.name,
        "edition_id": edition.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)
        (moved,) = cursor.fetchone()
    return int(moved)


def open_points(codes: Sequence[str]) -> tuple[Floats, Floats, NDArray[np.object_]]:
    """Where the open cases of some areas are: CGCS2000 longitudes and latitudes, and current areas, shape (n,) each."""
    with connection.cursor() as cursor:
        cursor.execute(POINTS, (sorted(OPEN), list(codes)))
        rows = cursor.fetchall()
    lon, lat = np.array([row[:2] for row in rows], dtype=np.float64).reshape(-1, 2).T
    return lon, lat, np.array([row[2] for row in rows], dtype=object)
