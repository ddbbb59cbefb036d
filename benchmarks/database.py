"""A database to measure on: the demonstration district with its cases, fresh for every run.

The district is loaded once for each number of cases and each state of migrations and fixtures, and kept as a template
beside the database that ``DATABASE_URL`` names; every run works on a clone, so that what one run writes slows down no
other.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent
CLONE = "gridmap_bench"
AS_OF = "2026-06-30"
ARTICLE_CASES = 4649
MADE_OF = (
    "*/migrations/*.py",
    "fixtures/**/*",
    "cases/demonstration/*.py",
    "gridmap/editions/founding.py",
    "gridmap/registry_files.py",
)


def environment(database_url: str) -> dict[str, str]:
    """What the site is told: settings of production, and which database."""
    return os.environ | {
        "DEBUG": "0",
        "SECRET_KEY": "for-benchmarks-only-not-a-secret",
        "ALLOWED_HOSTS": "127.0.0.1,testserver",
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def district(server_url: str, *, cases: int = ARTICLE_CASES) -> Iterator[str]:
    """The address of a fresh clone, dropped afterwards; the template is made when it is missing."""
    state = _state()
    template = f"{CLONE}_template_{cases}_{state}"
    admin = psycopg2.connect(_beside(server_url, "postgres"))
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{CLONE}%",))
        present = {name for (name,) in cursor.fetchall()}
        if template not in present:
            for old in (name for name in present if not name.endswith(state)):
                cursor.execute(f'DROP DATABASE "{old}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{template}_making"')
            _load(_beside(server_url, f"{template}_making"), cases)
            cursor.execute(f'ALTER DATABASE "{template}_making" RENAME TO "{template}"')
        cursor.execute(f'DROP DATABASE IF EXISTS "{CLONE}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{CLONE}" TEMPLATE "{template}"')
        try:
            yield _beside(server_url, CLONE)
        finally:
            cursor.execute(f'DROP DATABASE IF EXISTS "{CLONE}" WITH (FORCE)')
    admin.close()


def _state() -> str:
    """A name for what the template is made of."""
    digest = hashlib.sha256(AS_OF.encode())
    for pattern in MADE_OF:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _beside(server_url: str, name: str) -> str:
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


def _load(database_url: str, cases: int) -> None:
    for command in (["migrate", "--verbosity", "0"], ["load_demo", "--as-of", AS_OF, "--cases", str(cases)]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(database_url),
            check=True,
            stdout=sys.stderr,
        )
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()
