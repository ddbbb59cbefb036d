"""Work the deadlines of open cases out again after the working calendar was changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from cases.actions import recalculating
from cases.models import Case
from cases.workflow import State


class Command(BaseCommand):
    """``manage.py recalculate_deadlines [--since DATE] [--dry-run] [--chunk N]``: safe to break off and to run again."""

    help = (
        "Work open deadlines out again on the working calendar. 工作日历变动后重算未结事项的时限；再运行一次不会再变。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("--since", metavar="DATE", help="the first day that was changed, YYYY-MM-DD: default all")
        parser.add_argument("--dry-run", action="store_true", help="say what would be changed and change nothing")
        parser.add_argument(
            "--chunk", type=int, default=recalculating.CHUNK, help="how many cases to look at in one transaction"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Go through them, naming each deadline that is another and each that was left."""
        if options["chunk"] < 1:
            raise CommandError("--chunk 应为正整数 (must be at least 1)")
        dry = options["dry_run"]
        cases = deadlines = left = 0
        for done in recalculating.recalculate(
            at=timezone.localtime(), since=_day(options["since"]), dry_run=dry, chunk=options["chunk"]
        ):
            for change in done.changes:
                self.stdout.write(f"{change.number}：{change}")
            for it in done.left:
                self.stderr.write(f"{it.number}：未动，{it.why}")
            cases, deadlines, left = cases + done.cases, deadlines + len(done.changes), left + len(done.left)
        suspended = Case.objects.filter(state=State.SUSPENDED).count()
        if suspended:
            self.stdout.write(
                f"挂账 {suspended} 件未看，恢复办理后请再运行 ({suspended} suspended: run again when resumed)"
            )
        would = "将改" if dry else "改了"
        self.stdout.write(
            f"看过 {cases} 件，{would} {deadlines} 个时限，无从重算 {left} 个"
            f" ({cases} looked at, {deadlines} {'would be ' if dry else ''}changed, {left} left)"
        )


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"--since {text}：日期应写作 年-月-日 (a date, YYYY-MM-DD)") from None
