"""Count anew what maps and reviews are read from."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from cases.counting import recount, settle


class Command(BaseCommand):
    """``manage.py rebuild_rollups``."""

    help = "Count cases and coverage by month anew, from the cases. 按月计数从事项重新统计；其间不能写入。"

    def handle(self, *args: Any, **options: Any) -> None:
        """Count; nothing else is changed."""
        recount()
        settle(at_least=1)
        if options["verbosity"]:
            self.stdout.write("已重新统计 (counted anew)")
