"""``python -m benchmarks [NAME…]``: measure all budgets, or those named, and print a table for each."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from benchmarks.database import ARTICLE_CASES, district, environment
from benchmarks.measuring import Finding, report

BUDGETS = (
    "one_point",
    "report",
    "areas_geojson",
    "bulk_routing",
    "checking",
    "hotspots",
    "rerouting",
    "mixed_load",
    "tiles",
    "layers",
    "map_page",
)
CASES = {
    "rerouting": 1_000_000,
    "mixed_load": 1_000_000,
    "tiles": 1_000_000,
    "layers": 1_000_000,
    "map_page": 1_000_000,
}


def main() -> None:
    """Measure on a fresh district; a missed budget is said in the table, not by the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BUDGETS, []], metavar="NAME", help=", ".join(BUDGETS))
    parser.add_argument("--cases", type=int, help="on so many cases, whatever the budget is for")
    arguments = parser.parse_args()
    server_url = os.environ["DATABASE_URL"]
    for name in arguments.names or BUDGETS:
        cases = arguments.cases or CASES.get(name, ARTICLE_CASES)
        print(f"» {name}", file=sys.stderr, flush=True)
        with district(server_url, cases=cases) as database_url:
            print(report(_measure(name, database_url)), flush=True)


def _measure(name: str, database_url: str) -> list[Finding]:
    os.environ.update(environment(database_url), DJANGO_SETTINGS_MODULE="gridmap.settings")
    import django
    from django.db import connection

    django.setup()
    try:
        found: list[Finding] = importlib.import_module(f"benchmarks.{name}").run(database_url)
        return found
    finally:
        connection.close()


if __name__ == "__main__":
    main()
