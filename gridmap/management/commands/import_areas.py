"""Make a district from a file of nested polygons, beside those there are or as the first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.dateparse import parse_date

from geodata.crs import COORDINATE_SYSTEMS
from gridmap import area_files
from gridmap.editions import founding
from gridmap.models import Area, Edition
from gridmap.models.ground import Level


class Command(BaseCommand):
    """``manage.py import_areas FILE --name NAME --valid-from DATE --coord COORD [--commit]``."""

    help = (
        "Register the areas of a GeoJSON file and publish their boundaries: a trial run unless --commit is given. "
        "Codes have 6, 9, 12 or 15 digits and begin with their parent's; a feature without geometry is drawn by its "
        "children. 导入区域边界：不加 --commit 只试运行。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        fields = area_files.Fields()
        parser.add_argument("file", type=Path, help="a GeoJSON FeatureCollection")
        parser.add_argument("--name", required=True, help="what the edition of boundaries is called")
        parser.add_argument("--valid-from", required=True, help="the day the boundaries count from, YYYY-MM-DD")
        parser.add_argument("--coord", required=True, choices=COORDINATE_SYSTEMS, help="the file's coordinates")
        parser.add_argument("--code-field", default=fields.code, help="property with the code (default: %(default)s)")
        parser.add_argument("--name-field", default=fields.name, help="property with the name (default: %(default)s)")
        parser.add_argument("--kind-field", default=fields.kind, help="property with the kind (default: %(default)s)")
        parser.add_argument("--commit", action="store_true", help="write it; otherwise only say what would be made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make all of it or nothing; in a trial run make it, look, and take it back."""
        valid_from = _day(options["valid_from"])
        fields = area_files.Fields(options["code_field"], options["name_field"], options["kind_field"])
        try:
            drawn = area_files.read(options["file"], coord=options["coord"], fields=fields)
            with transaction.atomic():
                edition = founding.found(
                    drawn,
                    name=options["name"],
                    valid_from=valid_from,
                    at=timezone.now(),
                    source=options["file"].name[:200],
                )
                self._describe(edition)
                if not options["commit"]:
                    transaction.set_rollback(True)
        except founding.BadAreas as error:
            raise CommandError(f"没有导入 (nothing imported):{error}") from None
        if options["commit"]:
            self.stdout.write(self.style.SUCCESS("已导入并发布 (imported and published)"))
        else:
            self.stdout.write("试运行，没有写入；加 --commit 正式导入 (trial run: nothing written, add --commit)")

    def _describe(self, edition: Edition) -> None:
        self.stdout.write(f"边界版本“{edition.name}”，{edition.valid_from} 起生效 (edition, in force from)")
        made = Area.objects.filter(boundaries__edition=edition)
        for level in Level:
            codes = list(made.filter(level=level).values_list("code", flat=True))
            span = f":{codes[0]} – {codes[-1]}" if len(codes) > 1 else "".join(f":{code}" for code in codes)
            self.stdout.write(f"  {level.label} {len(codes)} 个{span}")
        for district in made.filter(level=Level.DISTRICT).annotate(m2=Sum("boundaries__area_m2")):
            self.stdout.write(f"  {district.code} {district.name}:{district.m2 / 1e6:,.2f} 平方公里 (km²)")
        for gap in founding.gaps(edition):
            self.stdout.write(
                self.style.WARNING(
                    f"  注意：{gap.code} {gap.name} 有 {gap.m2:,.0f} 平方米不属于任何下级 (belongs to no area below)"
                )
            )


def _day(text: str) -> dt.date:
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--valid-from {text}：应为 YYYY-MM-DD (a date)")
    return day
