"""Begin a draft edition from a file of areas: looked at first, kept when asked; a first district may go out at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from geodata.checking import REPAIR_LABELS, Severity
from geodata.reading import BadFile, read_areas
from gridmap.editions import drafts, publishing, repairs
from gridmap.editions.differences import Difference, differences
from gridmap.management.publication import after_publication, day, refuse, somebody
from gridmap.models import DraftFinding, Edition
from gridmap.models.ground import Level
from gridmap.problems import Conflict, Problem

SHOWN = 20


class Command(BaseCommand):
    """``manage.py import_areas FILE --name NAME [--coord COORD] [--commit] [--publish-from DATE]``."""

    help = (
        "Read areas (GeoJSON, GeoPackage, Shapefile, FlatGeobuf, KML, MIF/TAB, CSV with WKT), check them and say what"
        " they would change. --commit keeps that as a draft; with --publish-from a district nobody has registered is"
        " put in force at once. 导入区域边界：不加 --commit 只试运行。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("file", type=Path, help="the file of areas")
        parser.add_argument("--name", required=True, help="what the edition of boundaries is called")
        parser.add_argument("--coord", help="the file's coordinate system, unless the file says it itself")
        parser.add_argument("--code-field", help="column with the codes, where it has another than a common name")
        parser.add_argument("--name-field", help="column with the names")
        parser.add_argument("--kind-field", help="column with the kinds")
        parser.add_argument("--layer", help="the layer of a file that has several")
        parser.add_argument("--scope", default="", help="the area whose inside is redrawn (default: by the codes)")
        parser.add_argument("--by", metavar="USERNAME", help="who prepares it, and so cannot approve it")
        parser.add_argument("--repair", action="store_true", help="make the safe repairs, and list them")
        parser.add_argument("--publish-from", metavar="DATE", help="put a new district in force from this day on")
        parser.add_argument("--commit", action="store_true", help="write it; otherwise only say what would be made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make all of it or nothing; in a trial run make it, look, and take it back."""
        from_day = day("--publish-from", options["publish_from"]) if options["publish_from"] else None
        by = somebody("--by", options["by"]) if options["by"] else None
        try:
            with transaction.atomic():
                edition = self._begun(options, by)
                if options["repair"]:
                    self._repair(edition, by)
                self._describe(edition)
                if from_day is not None:
                    publishing.found(edition, valid_from=from_day, at=timezone.now())
                if not options["commit"]:
                    transaction.set_rollback(True)
        except publishing.Refused as refused:
            refuse(self, "没有导入 (nothing imported)", refused.sentences)
        except (BadFile, Problem) as error:
            raise CommandError(f"没有导入 (nothing imported)：{error}") from None
        self._conclude(edition, options)

    def _begun(self, options: dict[str, Any], by: User | None) -> Edition:
        areas = read_areas(
            options["file"],
            coord=options["coord"],
            code_field=options["code_field"],
            name_field=options["name_field"],
            layer=options["layer"],
        )
        today = timezone.localdate()
        edition = drafts.begin(
            options["name"],
            areas,
            on=today,
            by=by,
            at=timezone.now(),
            scope=options["scope"],
            columns={"kind": options["kind_field"]} if options["kind_field"] else None,
        )
        publishing.propose(edition, on=today)
        return edition

    def _repair(self, edition: Edition, by: User | None) -> None:
        try:
            step = repairs.repair(edition, by=by, at=timezone.now())
        except Conflict as nothing:
            self.stdout.write(str(nothing))
            return
        publishing.propose(edition, on=timezone.localdate())
        self.stdout.write(step.sentence)
        self._list([f"  {it['sentence']}" for it in step.details])

    def _conclude(self, edition: Edition, options: dict[str, Any]) -> None:
        if not options["commit"]:
            self.stdout.write("试运行，没有写入；加 --commit 正式导入 (trial run: nothing written, add --commit)")
        elif options["publish_from"]:
            self.stdout.write(self.style.SUCCESS(f"已导入并发布，{edition.valid_from} 起生效 (imported and published)"))
            after_publication(self.stdout)
        else:
            self.stdout.write(
                self.style.SUCCESS(
                    f"已存为草稿“{edition.name}”，现行边界没有变；改正、批准后用 publish_edition 发布"
                    " (kept as a draft: nothing in force has changed)"
                )
            )

    def _describe(self, edition: Edition) -> None:
        self.stdout.write(f"草稿“{edition.name}”，范围 {edition.scope} (draft, its scope)")
        self._show_levels(edition)
        self._show_findings(list(DraftFinding.objects.filter(edition=edition)))
        self._show_differences(differences(edition, on=timezone.localdate()))

    def _show_levels(self, edition: Edition) -> None:
        codes = sorted(drafts.shapes(edition))
        for level in Level:
            of_level = [code for code in codes if len(code) == level.code_length]
            if of_level:
                span = f"{of_level[0]} – {of_level[-1]}" if len(of_level) > 1 else of_level[0]
                self.stdout.write(f"  {level.label} {len(of_level)} 个：{span}")

    def _show_findings(self, found: list[DraftFinding]) -> None:
        if not found:
            self.stdout.write("检查：没有发现问题 (checked: nothing found)")
        for severity in Severity:
            of_severity = [finding for finding in found if finding.severity == severity]
            if not of_severity:
                continue
            self.stdout.write(f"检查：{severity.label} {len(of_severity)} 处 ({severity.value})")
            self._list([f"  {it.sentence}{_where(it)}" for it in of_severity])

    def _show_differences(self, changed: list[Difference]) -> None:
        counted = Counter(change for difference in changed for change in difference.change)
        listed = "，".join(f"{change.label} {number}" for change, number in sorted(counted.items()))
        self.stdout.write(f"差异：{listed or '没有 (none)'}")
        self._list([f"  {_line(difference)}" for difference in changed])

    def _list(self, lines: list[str]) -> None:
        for line in lines[:SHOWN]:
            self.stdout.write(line)
        if len(lines) > SHOWN:
            self.stdout.write(f"  …… 另有 {len(lines) - SHOWN} 条 ({len(lines) - SHOWN} more)")


def _where(finding: DraftFinding) -> str:
    return f"（可用 --repair 修复：{REPAIR_LABELS[finding.repair]}）" if finding.repair else ""


def _line(difference: Difference) -> str:
    what = "、".join(sorted(change.label for change in difference.change))
    moved = f"，{difference.moved_m2:,.0f} 平方米易手" if difference.moved_m2 else ""
    cases = difference.cases_in + difference.cases_out
    return f"{difference.code} {difference.name}：{what}{moved}{f'，未结事项 {cases} 件改归' if cases else ''}"
