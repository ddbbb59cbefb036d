"""Static files as production serves them: under hashed names, every reference leading somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
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
        "cases/js/review.js",
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


def test_of_the_charts_package_only_the_file_the_page_loads_is_served(collected: Path) -> None:
    wanted = "vendor/echarts/echarts.common.min.js"
    names = {re.sub(r"\.[0-9a-f]{12}\.", ".", it.name) for it in (collected / "vendor/echarts").iterdir()}
    assert {name.removesuffix(".gz").removesuffix(".br") for name in names} == {"echarts.common.min.js"}
    assert finders.find(wanted) is not None
    assert finders.find("vendor/echarts/echarts.js") is None
    assert finders.find("vendor/leaflet/leaflet.js") is not None
