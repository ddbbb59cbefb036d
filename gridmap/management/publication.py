"""What the commands about editions share: their options read, their refusals said, and what follows a publication."""

from __future__ import annotations

import datetime as dt
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.utils.dateparse import parse_date


def day(option: str, text: str) -> dt.date:
    """A day given as YYYY-MM-DD; raises :class:`CommandError` naming the option."""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f"{option} {text}：应为 YYYY-MM-DD (a date)")
    return found


def somebody(option: str, username: str) -> User:
    """An account by its name; raises :class:`CommandError` naming the option."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise CommandError(f"{option} {username}：没有这个账号，或已停用 (no such account)")
    return user


def refuse(command: BaseCommand, what: str, sentences: list[str]) -> NoReturn:
    """Print every reason on a line of its own and end with status 1."""
    for sentence in sentences:
        command.stderr.write(f"  {sentence}")
    raise CommandError(f"{what}：{len(sentences)} 处须先解决 (see above)", returncode=1)


def after_publication(stdout: Any) -> None:
    """Run the commands that :setting:`AFTER_PUBLICATION` names; each can be run again by itself if it breaks off."""
    for name in settings.AFTER_PUBLICATION:
        call_command(name, stdout=stdout)
