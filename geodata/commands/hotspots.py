"""``python -m geodata hotspots``: which areas have more cases than chance explains, from a file of areas and one of cases."""

from __future__ import annotations

import argparse
import csv
import io
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from geodata.areas import Areas, Shapes
from geodata.comparing import square_metres
from geodata.crs import COORDINATE_SYSTEMS
from geodata.hotspots import HOT, LABELS, LEVELS, METHOD, Hotspots, hotspots, neighbours, persistence
from geodata.points import FORMATS, PointsRefused, Source, open_points
from geodata.points.rows import place
from geodata.points.text import ENCODINGS, encoding_of
from geodata.reading import assumed_of, read_areas, read_shapes
from geodata.replacing import refuse_own_input
from geodata.routing import Rules, lines_of
from geodata.writing import write_features, write_lines

BEIJING = timezone(timedelta(hours=8))
KM2 = "km2"
OUT_FORMATS = (".geojson", ".json", ".csv")


@dataclass(frozen=True)
class Cases:
    """The cases that lie in an area: `area`, the position of it; `day`, counted from 1 January 0001; `patrol`, who found them."""

    area: NDArray[np.int64]
    day: NDArray[np.int64]
    patrol: NDArray[np.bool_]

    def counts(self, areas: int, since: date, days: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """By area, the cases of so many days from `since` on, and those of patrols among them."""
        first = since.toordinal()
        those = (self.day >= first) & (self.day < first + days)
        every = np.bincount(self.area[those], minlength=areas)
        return every, np.bincount(self.area[those & self.patrol], minlength=areas)


def add_hotspots(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "hotspots",
        help="say where more was reported than chance explains",
        description="Write AREAS with the cases each had, its rate, and whether it is a hot spot. Areas are of one level; "
        f"cases are points, in formats by what the name ends in: {' '.join(FORMATS)}.",
    )
    command.add_argument("areas", type=Path, metavar="AREAS", help="polygons with a code each, of one level")
    command.add_argument("cases", type=Path, metavar="CASES", help="points with a time each")
    command.add_argument("--code-field", help="of AREAS: the column of codes, if its name is not a common one")
    command.add_argument("--areas-coord", help="of AREAS: coordinate system, if the file does not say; GeoJSON: wgs84")
    command.add_argument("--level", required=True, choices=LEVELS, help="of AREAS: says how many cases are enough")
    command.add_argument(
        "--denominator", required=True, help=f"a column of AREAS or of FIGURES, such as residents; or {KM2}"
    )
    command.add_argument("--figures", type=Path, help="CSV with a column code and that of the denominator")
    command.add_argument("--rivers", type=Path, help="lines that part neighbours")
    command.add_argument("--coord", required=True, choices=COORDINATE_SYSTEMS, help="of CASES: coordinate system")
    command.add_argument("--lon", help="of CASES: column of longitudes (CSV, Parquet)")
    command.add_argument("--lat", help="of CASES: column of latitudes (CSV, Parquet)")
    command.add_argument("--encoding", choices=ENCODINGS, help="of CASES in CSV, if it is not to be found out")
    command.add_argument("--layer", help="of CASES in a GeoPackage with several layers")
    command.add_argument("--time", default="reported_at", help="of CASES: column of times, ISO 8601 (reported_at)")
    command.add_argument("--source", default="channel", help="of CASES: column that says who reported (channel)")
    command.add_argument("--patrol", default="patrol", help="what stands there for a patrol's report (patrol)")
    command.add_argument("--since", type=date.fromisoformat, required=True, help="first day, as 2026-01-01")
    command.add_argument("--until", type=date.fromisoformat, required=True, help="the day after the last")
    command.add_argument("--seed", type=int, default=METHOD.seed, help=f"of the permutations ({METHOD.seed})")
    command.add_argument("--out", type=Path, required=True, help=f"the file to write: {' '.join(OUT_FORMATS)}")
    command.set_defaults(run=_hotspots)


def _hotspots(options: argparse.Namespace) -> int:
    _refuse_usage(options)
    areas = read_areas(
        options.areas,
        coord=options.areas_coord,
        assumed=assumed_of(options.areas),
        code_field=options.code_field,
    )
    denominator = _denominator(areas, options)
    rivers = _rivers(options.rivers, options.areas_coord)
    cases, outside = _cases(areas, rivers, options)
    graph = neighbours(areas.codes, areas.shapes, () if rivers is None else rivers)
    days = (options.until - options.since).days
    windows = [
        hotspots(
            areas.codes,
            *cases.counts(len(areas), options.since - timedelta(days=days * back), days),
            denominator,
            graph,
            days,
            options.level,
            seed=options.seed,
        )
        for back in tqdm(range(METHOD.windows), unit=" windows", disable=None)
    ]
    _write(options, areas, windows)
    print(_told(options.out, windows[0], outside), file=sys.stderr)
    return 0


def _told(out: Path, now: Hotspots, outside: int) -> str:
    hot = int(np.isin(now.spot, HOT).sum())
    parts = [
        f"{out} 共 {len(now):,} 个区域，{int(now.observed.sum()):,} 件，热点 {hot} 个 ({hot} hot spots)",
        f"整个文件有 {outside:,} 件没有位置或不在区域内，未计 ({outside:,} cases in no area)",
    ]
    return "；".join([*parts, now.too_few] if now.too_few else parts)


def _refuse_usage(options: argparse.Namespace) -> None:
    refuse_own_input("--out", options.out, (options.areas, options.cases, options.figures, options.rivers))
    if options.out.suffix.lower() not in OUT_FORMATS:
        raise ValueError(f"{options.out.name} 的格式不认识，应为 {' '.join(OUT_FORMATS)} 之一 (unknown format)")
    if options.until <= options.since:
        raise ValueError("--until 须晚于 --since (until must be after since)")


def _rivers(path: Path | None, coord: str | None) -> Shapes | None:
    if path is None:
        return None
    return lines_of(read_shapes(path, coord=coord, assumed=assumed_of(path)), path.name)


def _denominator(areas: Areas, options: argparse.Namespace) -> NDArray[np.float64]:
    """By area; raises ValueError where there is no such column, no line for an area, or no number."""
    name = options.denominator
    if name == KM2:
        sizes = square_metres(dict(zip(areas.codes.tolist(), areas.shapes, strict=True)))
        return np.array([sizes[code] / 1e6 for code in areas.codes])
    if options.figures is not None:
        given = _figures(options.figures, name)
        return np.array([_number(given.get(code), code, name) for code in areas.codes])
    if name not in areas.table.columns:
        raise ValueError(f"{areas.source} 没有列 {name}，可用 --figures 另给 (no such column)")
    return np.array(
        [_number(value, code, name) for code, value in zip(areas.codes, areas.table[name].tolist(), strict=True)]
    )


def _figures(path: Path, name: str) -> dict[str, str]:
    with path.open(encoding=encoding_of(path), newline="") as file:
        lines = csv.DictReader(file)
        missing = [column for column in ("code", name) if column not in (lines.fieldnames or ())]
        if missing:
            raise ValueError(f"{path.name} 没有列 {'、'.join(missing)} (no such column)")
        return {line["code"]: line[name] for line in lines}


def _number(value: Any, code: str, name: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"区域 {code} 的 {name} 不是数：{value!r} (is no number from 0)")
    return number


def _cases(areas: Areas, rivers: Shapes | None, options: argparse.Namespace) -> tuple[Cases, int]:
    """The cases in an area by the rules of routing, and how many are in none."""
    rules = Rules(areas, rivers=rivers, measured=False)
    source = open_points(
        options.cases, lon=options.lon, lat=options.lat, encoding=options.encoding, layer=options.layer
    )
    for column in (options.time, options.source):
        place(source.columns, column, source.path)
    position = {code: at for at, code in enumerate(areas.codes.tolist())}
    found: list[tuple[int, int, bool]] = []
    outside = 0
    for codes, days, patrol in _rows(rules, source, options):
        inside = [(position[code], day, by) for code, day, by in zip(codes, days, patrol, strict=True) if code]
        outside += len(codes) - len(inside)
        found += inside
    columns = np.array(found, dtype=np.int64).reshape(-1, 3)
    return Cases(columns[:, 0], columns[:, 1], columns[:, 2].astype(bool)), outside


def _rows(
    rules: Rules, source: Source, options: argparse.Namespace
) -> Iterator[tuple[list[str], list[int], list[bool]]]:
    row = 1
    for chunk in source.chunks():
        table = source.table(chunk)
        times, sources = (table.column(name).to_pylist() for name in (options.time, options.source))
        days = [_day(value, at, source.path) for at, value in enumerate(times, start=row)]
        yield (
            rules.decide(chunk.lon, chunk.lat, options.coord).code.tolist(),
            days,
            [str(value) == options.patrol for value in sources],
        )
        row += len(chunk)


def _day(value: Any, row: int, path: Path) -> int:
    """The day in China; a time without offset is China's. Raises PointsRefused."""
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise PointsRefused(f"{path.name} 第 {row} 行的时间 {value!r} 不是 ISO 8601 (no time)") from None
    return (time.astimezone(BEIJING) if time.tzinfo is not None else time).date().toordinal()


def _write(options: argparse.Namespace, areas: Areas, windows: list[Hotspots]) -> None:
    records = list(_records(options, areas, windows, datetime.now(BEIJING)))
    if options.out.suffix.lower() == ".csv":
        write_lines(options.out, _csv(records))
    else:
        write_features(options.out, areas.shapes, records)


def _records(
    options: argparse.Namespace, areas: Areas, windows: list[Hotspots], at: datetime
) -> Iterator[dict[str, Any]]:
    """A row an area; what holds for all of them stands in each, for who takes a row takes it out of its file."""
    now = windows[0]
    course = persistence([window.spot for window in windows])
    floor = now.method.floors[now.level]
    common = {
        "since": options.since.isoformat(),
        "until": options.until.isoformat(),
        "denominator": options.denominator,
        "total": now.total,
        "floor_cases": floor.cases,
        "floor_days": floor.days,
        "method": now.method.version,
        "permutations": now.method.permutations,
        "seed": now.seed,
        "generated_at": at.isoformat(timespec="seconds"),
    }
    for row in range(len(now)):
        yield {
            "code": str(areas.codes[row]),
            "name": str(areas.names[row]),
            "class": now.spot[row],
            "label": LABELS[now.spot[row]],
            "persistence": course[row],
            "observed": int(now.observed[row]),
            "patrol": int(now.patrol[row]),
            "patrol_share": _rounded(now.patrol_share[row]),
            "patrol_only": bool(now.patrol_only[row]),
            "size": _rounded(now.denominator[row]),
            "expected": _rounded(now.expected[row]),
            "rate": _rounded(now.rate[row]),
            "eb_rate": _rounded(now.eb_rate[row]),
            "neighbours": int(now.neighbours[row]),
            "z": _rounded(now.z[row]),
            "p": _rounded(now.p[row]),
            "q": _rounded(now.q[row]),
            "others_p": _rounded(now.others_p[row]),
            "reason": now.reason[row],
            **common,
        }


def _rounded(value: float) -> float | None:
    """Six digits, which are more than anything here is sure of."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _csv(records: list[dict[str, Any]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*records[0]], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    yield text.getvalue().removesuffix("\n")
