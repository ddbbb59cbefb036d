"""Do what time alone brings about."""

from __future__ import annotations

import os
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections
from django.utils import timezone

from cases.actions.sweeping import receive_overdue, remind, resume_expired
from cases.counting import settle
from cases.delivery import deliver, spread
from cases.hotspots import find, forget_old
from gridmap.problems import DATABASE_AWAY

NAP_SECONDS = 2


class Command(BaseCommand):
    """``manage.py sweep [--every SECONDS]``."""

    help = "Receive letters, end suspensions, remind of limits, deliver notices. 自动查收、恢复挂账、催办、送出提醒；可同时运行多个。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument(
            "--every", type=int, metavar="SECONDS", help="go on sweeping until the process that started it ends"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep once, or again and again."""
        if not options["every"]:
            self._sweep()
            return
        parent = os.getppid()
        while os.getppid() == parent:
            close_old_connections()
            try:
                self._sweep()
                self._wait(options["every"])
            except DATABASE_AWAY as error:  # it may be back the next time
                self.stderr.write(f"数据库暂时不可用，{options['every']} 秒后再试 (database away): {error}")
                time.sleep(options["every"])

    def _wait(self, seconds: int) -> None:
        """Until the next sweep; meanwhile whoever waits for hot spots in front of a map waits no longer than they take."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, NAP_SECONDS))
            self._find()

    def _find(self) -> None:
        if found := find():
            self.stdout.write(f"热点 {found} 份 ({found} hot spots found)")

    def _sweep(self) -> None:
        now = timezone.localtime()
        if received := receive_overdue(at=now):
            self.stdout.write(f"自动查收 {received} 件 ({received} received by themselves)")
        if resumed := resume_expired(at=now):
            self.stdout.write(f"挂账到期恢复 {resumed} 件 ({resumed} suspensions over)")
        if reminded := remind(at=now):
            self.stdout.write(f"催办提醒 {reminded} 条 ({reminded} notices)")
        settle()
        self._find()
        forget_old(now=now)
        # Last, since others are waited for.
        spread(at=timezone.localtime())
        told = deliver(at=timezone.localtime())
        if told.taken or told.failed or told.given_up:
            self.stdout.write(
                f"提醒送达 {told.taken} 份，待再试 {told.failed} 份，放弃 {told.given_up} 份"
                f" ({told.taken} delivered, {told.failed} to be tried again, {told.given_up} given up)"
            )
