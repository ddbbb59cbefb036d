"""Approve a draft edition and publish it at a day, with every obstacle on a line of its own."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from gridmap.editions import publishing, staffing
from gridmap.management.publication import after_publication, day, refuse, somebody
from gridmap.models import Edition
from gridmap.problems import Problem


class Command(BaseCommand):
    """``manage.py publish_edition NAME --valid-from DATE --approved-by USERNAME [--excuse REASON] [--backdated]``."""

    help = (
        "Approve a draft edition and put it in force from a day on, all at once or not at all; then give cases their"
        " new areas. 批准并发布边界版本：有任何未决之处则逐条列出，什么也不改。"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("name", help="what the edition is called")
        parser.add_argument("--valid-from", required=True, metavar="DATE", help="the day it counts from, YYYY-MM-DD")
        parser.add_argument(
            "--approved-by",
            required=True,
            metavar="USERNAME",
            help="who approves and publishes, having prepared none of it",
        )
        parser.add_argument("--excuse", default="", metavar="REASON", help="the reason for all staffing still open")
        parser.add_argument("--backdated", action="store_true", help="allow a day before today")

    def handle(self, *args: Any, **options: Any) -> None:
        """Approve unless that is done, publish, and let follow what follows."""
        valid_from = day("--valid-from", options["valid_from"])
        by = somebody("--approved-by", options["approved_by"])
        edition = Edition.objects.filter(name=options["name"]).first()
        if edition is None:
            raise CommandError(f"没有名为“{options['name']}”的边界版本 (no such edition)")
        now = timezone.now()
        try:
            with transaction.atomic():
                if edition.state == Edition.State.DRAFT:
                    self._excuse(edition, options["excuse"])
                    publishing.approve(edition, by=by, at=now)
                done = publishing.publish(edition, valid_from=valid_from, by=by, at=now, backdated=options["backdated"])
        except publishing.Refused as refused:
            refuse(self, "没有发布 (not published)", refused.sentences)
        except Problem as problem:
            raise CommandError(f"没有发布 (not published)：{problem}") from None
        self.stdout.write(
            self.style.SUCCESS(
                f"“{edition.name}”已发布，{valid_from} 起生效：新设 {done.created}，撤销 {done.ended}，"
                f"更新登记 {done.described}，启用边界 {done.redrawn} (published)"
            )
        )
        after_publication(self.stdout)

    def _excuse(self, edition: Edition, reason: str) -> None:
        """Nobody prepares and approves at once: a reason given here is the preparer's, kept without a name."""
        ground = publishing.propose(edition, on=timezone.localdate())
        if reason and (number := staffing.excuse_all(edition, ground, reason=reason, by=edition.created_by)):
            self.stdout.write(f"{number} 个新区域的人员与党组织暂缺，理由：{reason} (staffing excused)")
