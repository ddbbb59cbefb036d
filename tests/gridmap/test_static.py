"""Static files as production serves them: under hashed names, every reference leading somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.templatetags.static import static
from django.test import Client, override_settings

from cases.models import Category

# All of them, though most ask no database: those that do run before those that do not, and files are collected once.
pytestmark = pytest.mark.django_db
IMPORT = re.compile(r'^import .* from "([^"]+)";', re.MULTILINE)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of collected files; refuses a style sheet or module naming a file that is not there."""
    folder = tmp_path_factory.mktemp("static")
    storages = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "gridmap.storage.ModuleAwareStorage"},
    }
    with override_settings(STATIC_ROOT=folder, STORAGES=storages, WHITENOISE_USE_FINDERS=False):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield folder


@pytest.mark.parametrize(
    "entry",
    [
        "cases/js/report.js",
        *(
            f"cases/js/map/{name}.js"
            for name in ("cases", "coverage", "density", "filters_form", "ground", "hotspots", "overdue")
        ),
        "gridmap/js/map.js",
        "gridmap/js/draw.js",
        "gridmap/js/sign_in.js",
    ],
)
def test_modules_import_each_other_by_hashed_names(collected: Path, entry: str) -> None:
    waiting, seen = [collected / static(entry).removeprefix("/static/")], set()
    while waiting:
        module = waiting.pop()
        assert re.search(r"\.[0-9a-f]{12}\.js$", module.name), module
        if module not in seen:
            seen.add(module)
            waiting += [(module.parent / found).resolve() for found in IMPORT.findall(module.read_text())]
    assert all(module.is_file() for module in seen)


def test_a_category_with_a_picture_nobody_has_still_shows(collected: Path) -> None:
    Category.objects.filter(code="0301").update(icon="no-such-picture")
    answer = Client().get("/report/")
    assert answer.status_code == 200
    assert static("vendor/bootstrap-icons/question-circle.svg") in answer.content.decode()
    assert static("vendor/bootstrap-icons/cone-striped.svg") in answer.content.decode()
