"""``python -m geodata check`` and ``convert``: what is wrong with a file of areas, and the same areas in another file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from geodata.areas import Areas
from geodata.checking import Severity, Tolerances, check, counts
from geodata.checking.telling import document, summary, table, write_map
from geodata.commands.numbers import between
from geodata.crs import UnknownCoordinateSystem, named_system
from geodata.reading import assumed_of, read_areas
from geodata.reading.formats import SUFFIXES
from geodata.repairing import repair
from geodata.replacing import refuse_own_input
from geodata.writing import FORMATS, write_areas, write_lines

STDOUT = Path("-")
FINDINGS, REFUSED = 1, 2
"""Exit statuses of a check: areas with errors, and a file that cannot be checked. Argparse has the same for bad usage."""


def add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "check",
        help="find what is wrong with a file of areas",
        description="Print what is wrong with the areas of FILE, errors first, and how much of it there is. "
        f"Formats by what the name ends in: {' '.join(SUFFIXES)}. "
        "Exit status: 0 no errors, 1 errors, 2 a file that cannot be read.",
    )
    _add_file(command)
    _add_others(command, "--parents", "areas above: theirs must be filled, and nothing lie outside")
    _add_others(command, "--in-force", "the areas as they are now, to see whether FILE lies where they do")
    default = Tolerances()
    square_metres, metres = between(0, 1e12, "square metres"), between(0, 1e6, "metres")
    command.add_argument(
        "--tolerance-m2",
        type=square_metres,
        default=default.m2,
        metavar="M2",
        help=f"overlaps, gaps and ground outside up to this are let pass ({default.m2:g})",
    )
    command.add_argument(
        "--sliver-m",
        type=metres,
        default=default.sliver_m,
        metavar="M",
        help=f"what is nowhere wider is a sliver ({default.sliver_m:g})",
    )
    command.add_argument("--json", type=Path, metavar="OUT", help="write the findings as JSON; - instead of the table")
    command.add_argument("--geojson", type=Path, metavar="OUT", help="write the findings with their places")
    command.set_defaults(run=_check, refused=REFUSED)


def add_convert(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's parser."""
    command = commands.add_parser(
        "convert",
        help="write a file of areas in another format or coordinate system",
        description="Write the areas of FILE to OUT: codes and names in the columns code and name, the other columns as "
        f"they are. Formats of OUT by what its name ends in: {' '.join(FORMATS)}. Nothing is checked, and nothing mended "
        "but with --repair.",
    )
    _add_file(command)
    command.add_argument("--repair", action="store_true", help="make the repairs that are safe, and list each")
    _add_others(command, "--parents", "areas above, for --repair: lines that miss theirs by a hair are drawn onto them")
    command.add_argument("out", type=Path, metavar="OUT", help="the file to write; replaced at the end if it exists")
    command.add_argument("--to", type=_system, default="cgcs2000", help="its coordinate system (cgcs2000)")
    command.set_defaults(run=_convert, refused=REFUSED)


def _add_file(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help="the areas: polygons with a code each")
    _add_reading(command, "--")
    command.add_argument("--name-field", help="their column of names, if its name is not a common one")
    command.add_argument("--layer", help="of a file with several")


def _add_others(command: argparse.ArgumentParser, name: str, what: str) -> None:
    command.add_argument(name, type=Path, metavar="FILE", help=what)
    _add_reading(command, f"{name}-")


def _add_reading(command: argparse.ArgumentParser, prefix: str) -> None:
    command.add_argument(f"{prefix}coord", help="their coordinate system, if the file does not say; GeoJSON: wgs84")
    command.add_argument(f"{prefix}code-field", help="their column of codes, if its name is not a common one")


def _check(options: argparse.Namespace) -> int:
    inputs = (options.file, options.parents, options.in_force)
    for option, out in (("--json", options.json), ("--geojson", options.geojson)):
        if out is not None and out != STDOUT:
            refuse_own_input(option, out, inputs)
    areas = _areas(options)
    findings = check(
        areas,
        parents=_others(options.parents, options.parents_coord, options.parents_code_field),
        in_force=_others(options.in_force, options.in_force_coord, options.in_force_code_field),
        tolerances=Tolerances(m2=options.tolerance_m2, sliver_m=options.sliver_m),
    )
    if options.geojson is not None:
        write_map(options.geojson, findings)
    if options.json is not None and options.json != STDOUT:
        write_lines(options.json, document(areas, findings))
    told = document(areas, findings) if options.json == STDOUT else [*table(findings), summary(areas, findings)]
    for line in told:
        print(line)
    return FINDINGS if counts(findings)[Severity.ERROR] else 0


def _convert(options: argparse.Namespace) -> int:
    refuse_own_input("OUT", options.out, (options.file, options.parents))
    areas = _areas(options)
    if options.repair:
        areas = _repaired(areas, _others(options.parents, options.parents_coord, options.parents_code_field))
    written = write_areas(areas, options.out, coord=options.to)
    for note in written.notes:
        print(f"{written.path}：{note}", file=sys.stderr)
    print(
        f"{written.path} 共 {written.number:,} 个区域，{written.format.value}，{written.coord}"
        f" ({written.number:,} areas written)",
        file=sys.stderr,
    )
    return 0


def _repaired(areas: Areas, parents: Areas | None) -> Areas:
    made = repair(areas, parents=parents)
    for it in made.repairs:
        print(it.sentence, file=sys.stderr)
    print(f"自动修复 {len(made.repairs):,} 处 ({len(made.repairs):,} repairs)", file=sys.stderr)
    return made.areas


def _areas(options: argparse.Namespace) -> Areas:
    return read_areas(
        options.file,
        coord=options.coord,
        assumed=assumed_of(options.file),
        code_field=options.code_field,
        name_field=options.name_field,
        layer=options.layer,
    )


def _others(path: Path | None, coord: str | None, code_field: str | None) -> Areas | None:
    if path is None:
        return None
    return read_areas(path, coord=coord, assumed=assumed_of(path), code_field=code_field)


def _system(name: str) -> str:
    try:
        return named_system(name)
    except UnknownCoordinateSystem:
        raise argparse.ArgumentTypeError(
            "wgs84, cgcs2000, gcj02, bd09 or a CGCS2000 plane, EPSG:4491 to EPSG:4554"
        ) from None
