"""Write the process into its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cases.process import described


class Command(BaseCommand):
    """``manage.py describe_process [FILE]``."""

    help = "Make the tables and the diagram in docs/process.md anew from the workflow. 由流程表生成文档。"

    def add_arguments(self, parser: CommandParser) -> None:
        """Say what can be chosen."""
        parser.add_argument("file", type=Path, nargs="?", default=Path("docs/process.md"))

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what stands between the marks of the file."""
        file: Path = options["file"]
        try:
            file.write_text(described(file.read_text(encoding="utf-8")), encoding="utf-8")
        except (OSError, ValueError) as error:
            raise CommandError(f"{file}：{error}") from None
        self.stdout.write(str(file))
