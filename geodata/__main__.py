"""The commands of geodata: python -m geodata <command>."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from geodata import district
from geodata.commands.areas import add_check, add_convert
from geodata.commands.hotspots import add_hotspots
from geodata.commands.route import add_route


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the process's exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = int(options.run(options))
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # Whoever reads the output has seen enough; nor is the rest to be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(options.refused)
    except (OSError, ValueError) as error:
        print(f"geodata {options.command}: {error}", file=sys.stderr)
        return int(options.refused)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m geodata", description=__doc__)
    parser.set_defaults(refused=1)
    commands = parser.add_subparsers(dest="command", required=True)
    _add_district(commands)
    add_route(commands)
    add_check(commands)
    add_convert(commands)
    add_hotspots(commands)
    return parser


def _add_district(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("district", help="generate the demonstration district from a plan")
    command.add_argument("--plan", type=Path, required=True, help="JSON: names, codes, places, sizes, counts")
    command.add_argument("--frame", type=Path, required=True, help="GeoJSON outline in CGCS2000 degrees")
    command.add_argument("--out", type=Path, required=True, help="directory for the files")
    command.set_defaults(run=_district)


def _district(options: argparse.Namespace) -> int:
    for path in district.generate(options.plan, options.frame, options.out):
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
