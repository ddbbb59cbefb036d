"""Load the demonstration district: its registry, its categories and calendar, accounts, and made-up cases."""

from __future__ import annotations

import csv
import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import Any

import chinese_calendar
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_date

from cases.counting import settle
from cases.demonstration import accounts, history
from cases.models import Case, Category, CategoryPower, Responsibility, Workday
from gridmap import registry_files
from gridmap.models import Area, DelegatedPower, Edition, Organisation

FIXTURES = Path(settings.BASE_DIR) / "fixtures"
REGISTERED_ON = dt.date(2019, 1, 1)


class Command(BaseCommand):
    """``manage.py load_demo [--cases N] [--unfinished N] [--as-of DATE] [--if-empty] [--accounts]``."""

    help = "Load the demonstration district (示意) with its cases."

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("--cases", type=int, default=history.ARTICLE_COLLECTED, help="how many cases to make")
        parser.add_argument(
            "--unfinished",
            type=int,
            help="how many of them are not done; default the article's nine of 4,649; from 26 on every open state has some",
        )
        parser.add_argument("--as-of", default="", help="the day the cases lead up to, YYYY-MM-DD; default now")
        parser.add_argument("--if-empty", action="store_true", help="do nothing where a registry is loaded")
        parser.add_argument(
            "--accounts",
            action="store_true",
            default=settings.DEBUG,
            help="let the showcase accounts sign in with the known demonstration password (always in debug)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load what is missing, all of it or nothing."""
        if options["if_empty"] and Area.objects.exists():
            self.stdout.write("已有数据，不再载入 (data is there, nothing loaded)")
            return
        if Case.objects.exists():
            raise CommandError("库中已有事项，不能再载入示范数据 (there are cases already; use an empty database)")
        if options["cases"] < 0:
            raise CommandError("--cases 不能为负数 (must not be negative)")
        if options["unfinished"] is not None and not 0 <= options["unfinished"] <= options["cases"]:
            raise CommandError("--unfinished 应在 0 和 --cases 之间 (between 0 and --cases)")
        as_of = _as_of(options["as_of"])
        with transaction.atomic():
            if not Area.objects.exists():
                self.stdout.write("载入示范区登记数据 (registry)……")
                registry_files.load(FIXTURES / "district", name="示意版", valid_from=REGISTERED_ON, at=as_of)
            _load_categories()
            _load_responsibilities()
            _load_category_powers()
            _load_calendar(as_of)
            accounts.create(with_password=options["accounts"])
            self.stdout.write(f"载入 {options['cases']} 件示意事项 (cases)……")
            history.load(options["cases"], as_of=as_of, fixtures=FIXTURES, unfinished=options["unfinished"])
            # Made by the boundaries in force: nothing is left to be routed again.
            Edition.objects.filter(state=Edition.State.PUBLISHED, valid_from__lte=as_of).update(rerouted_at=as_of)
            settle(at_least=1)
        self.stdout.write(self.style.SUCCESS(f"完成 (done):{history.summary()}"))


def _as_of(text: str) -> dt.datetime:
    if not text:
        return timezone.localtime()
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--as-of {text}：应为 YYYY-MM-DD (a date)")
    return timezone.make_aware(dt.datetime.combine(day, dt.time(18)))


def _load_categories() -> None:
    with (FIXTURES / "categories.csv").open(encoding="utf-8", newline="") as file:
        Category.objects.bulk_create(
            (
                Category(
                    code=row["code"],
                    parent_id=row["parent"] or None,
                    name=row["name"],
                    icon=row["icon"],
                    limit_amount=int(row["limit_amount"]),
                    limit_unit=row["limit_unit"],
                    sensitive=row["sensitive"] == "true",
                )
                for row in csv.DictReader(file)
            ),
            ignore_conflicts=True,
        )


def _load_responsibilities() -> None:
    """Which office answers for what: by the endings of offices' names, the first that a town has."""
    offices: dict[str, list[Organisation]] = defaultdict(list)
    for office in Organisation.objects.filter(kind=Organisation.Kind.OFFICE).order_by("code"):
        offices[office.area_id].append(office)
    with (FIXTURES / "responsibilities.csv").open(encoding="utf-8", newline="") as file:
        rules = [(row["category"], row["offices"].split()) for row in csv.DictReader(file)]
    Responsibility.objects.bulk_create(
        (
            Responsibility(category_id=category, office=answering)
            for of_town in offices.values()
            for category, endings in rules
            if (answering := _first_ending(of_town, endings)) is not None
        ),
        ignore_conflicts=True,
    )


def _load_category_powers() -> None:
    """Which handed-down powers the categories fall under."""
    known = set(DelegatedPower.objects.values_list("pk", flat=True))
    with (FIXTURES / "category_powers.csv").open(encoding="utf-8", newline="") as file:
        CategoryPower.objects.bulk_create(
            (
                CategoryPower(category_id=row["category"], power_id=row["power"])
                for row in csv.DictReader(file)
                if row["power"] in known
            ),
            ignore_conflicts=True,
        )


def _first_ending(offices: list[Organisation], endings: list[str]) -> Organisation | None:
    return next((office for ending in endings for office in offices if office.name.endswith(ending)), None)


def _load_calendar(as_of: dt.datetime) -> None:
    """Public holidays and made-up workdays as far as the State Council has announced them."""
    last = min(as_of.year + 1, max(day.year for day in chinese_calendar.holidays))
    first = max(as_of.year - 4, min(day.year for day in chinese_calendar.holidays))
    decided = [*chinese_calendar.holidays.items(), *chinese_calendar.workdays.items()]
    Workday.objects.bulk_create(
        (
            Workday(date=day, works=day in chinese_calendar.workdays, note=str(name)[:60])
            for day, name in decided
            if first <= day.year <= last
        ),
        ignore_conflicts=True,
    )
