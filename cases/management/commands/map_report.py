"""Write the map report of a period into one file, and print it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils import timezone

from cases import map_report
from cases.map_report import printing
from cases.map_report.one_file import MissingAsset
from gridmap.problems import Problem


class Command(BaseCommand):
    """``manage.py map_report --since DATE … --out FILE.html [--pdf] [--png]``."""

    help = "Write a map with its tables into one file that needs no network. 地图报告：一个文件，不联网，可打印成 A3。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("--since", required=True, metavar="DATE", help="cases reported from this day or moment on")
        parser.add_argument("--until", metavar="DATE", help="and before this one; default all since")
        parser.add_argument("--category", help="a category, or the beginning of its code")
        parser.add_argument("--area", help="an area, or the beginning of its code")
        parser.add_argument("--department", help="the code of a department: cases it was asked about")
        parser.add_argument("--channel", help="where the reports came from: web, patrol, …")
        parser.add_argument("--state", help="states, separated by commas")
        parser.add_argument("--out", required=True, metavar="FILE.html", type=Path, help="where the report goes")
        for kind in printing.KINDS:
            parser.add_argument(
                f"--{kind}", action="store_true", help=f"also FILE.{kind}, by Chromium where it is there"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it; a file that was there is replaced."""
        out: Path = options["out"]
        if out.suffix.lower() not in (".html", ".htm"):
            raise CommandError(f"--out {out}：文件名应以 .html 结尾 (must end in .html)")
        given = QueryDict(mutable=True)
        given.update({name: options[name] for name in map_report.PARAMETERS if options[name]})
        now = timezone.localtime()
        try:
            filters = map_report.read(given)
            contents = map_report.gathered(filters, now=now, ask=map_report.worked_out(now))
            page = map_report.written(contents)
        except (Problem, MissingAsset) as problem:
            raise CommandError(str(problem)) from None
        try:
            out.write_text(page, encoding="utf-8")
        except OSError as problem:
            raise CommandError(f"--out {out}：写不进去 (cannot be written)：{problem.strerror}") from None
        self._say(out)
        for kind in printing.KINDS:
            if options[kind]:
                try:
                    self._say(printing.printed(out, out.with_suffix(f".{kind}")))
                except printing.NotPrinted as problem:
                    raise CommandError(str(problem)) from None

    def _say(self, written: Path) -> None:
        self.stdout.write(f"已写入 {written}，{written.stat().st_size / 1e6:.1f} MB (written)")
