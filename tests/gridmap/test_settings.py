"""Settings refuse to guess, and the guide names every variable."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gridmap.settings
import tests.settings

ROOT = Path(__file__).resolve().parents[2]
COMPLETE = {"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "grid.example", "DATABASE_URL": "postgres://user@db/gridmap"}


def load(**environment: str) -> subprocess.CompletedProcess[str]:
    """Import the settings in a process of its own, with this environment only."""
    return subprocess.run(
        [sys.executable, "-c", "from gridmap import settings as s; print(s.DEBUG, s.ALLOWED_HOSTS)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_development_needs_no_secret() -> None:
    assert load(DEBUG="1").returncode == 0


def test_production_starts_when_everything_is_named() -> None:
    started = load(**COMPLETE)
    assert started.stdout.strip() == "False ['grid.example']", started.stderr


@pytest.mark.parametrize("name", COMPLETE)
def test_production_names_what_is_missing(name: str) -> None:
    refused = load(**{key: value for key, value in COMPLETE.items() if key != name})
    assert refused.returncode != 0
    assert f"{name} must be set" in refused.stderr


def test_a_switch_must_be_clear() -> None:
    refused = load(DEBUG="maybe")
    assert refused.returncode != 0
    assert "DEBUG=maybe" in refused.stderr


@pytest.mark.parametrize("value", ["0", "-1", "some", "1.5", "３"])
def test_a_page_holds_at_least_one_row(value: str) -> None:
    refused = load(DEBUG="1", DESK_ROWS=value)
    assert refused.returncode != 0
    assert f"DESK_ROWS={value}" in refused.stderr


def test_only_the_tests_check_passwords_at_once() -> None:
    assert "MD5" in tests.settings.PASSWORD_HASHERS[0]
    assert not hasattr(gridmap.settings, "PASSWORD_HASHERS"), "the site keeps to what Django chooses"


def test_the_guide_names_every_variable() -> None:
    source = "".join((ROOT / path).read_text() for path in ("gridmap/settings.py", "gridmap/geolibs.py"))
    names = set(re.findall(r'(?:env_\w+|environ\.get)\(\s*"([A-Z_]+)"', source))
    assert len(names) > 8
    guide = (ROOT / "docs/guide/install.md").read_text()
    assert not {name for name in names if f"`{name}`" not in guide}


def test_all_that_the_image_is_made_of_may_be_copied_into_it() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    needed = {source.partition("/")[0] for line in copied for source in line.split()}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert needed <= {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert {"gunicorn.conf.py", "gridmap", "scripts"} <= needed
