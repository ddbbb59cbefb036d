"""Give every case the area it lies in after new boundaries came into force."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from tqdm import tqdm

from cases import rerouting
from gridmap.models import Edition


class Command(BaseCommand):
    """``manage.py reroute_cases [--chunk N]``: safe to break off and to run again."""

    help = "Give every case its area of today, edition by edition. 换版后重新归入事项；中断后再运行即从断处继续。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument(
            "--chunk", type=int, default=rerouting.CHUNK, help="how many cases to look at in one transaction"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Take all editions that wait, in order of their dates."""
        if options["chunk"] < 1:
            raise CommandError("--chunk 应为正整数 (must be at least 1)")
        waiting = rerouting.pending(timezone.localdate())
        if not waiting:
            self.stdout.write("没有等待重新归入的边界版本 (nothing to do)")
        for edition in waiting:
            self._reroute(edition, options["chunk"])

    def _reroute(self, edition: Edition, chunk: int) -> None:
        # Shown on a terminal only; a log gets the line at the end.
        with tqdm(desc=edition.name, unit="件", disable=None, leave=False) as bar:
            for progress in rerouting.reroute(edition, at=timezone.localtime(), chunk=chunk):
                bar.total = progress.total
                bar.update(progress.done - bar.n)
        self.stdout.write(
            self.style.SUCCESS(
                f"{edition.name}（{edition.valid_from} 起）：看过 {progress.done} 件，改归 {progress.moved} 件"
                f" ({progress.done} looked at, {progress.moved} moved)"
            )
        )
