"""Rows that hold during a half-open range of days."""

from __future__ import annotations

import datetime as dt
from typing import Self, TypeVar

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.constraints import CheckConstraint

_Row = TypeVar("_Row", bound=models.Model)


class DatedQuerySet(models.QuerySet[_Row]):
    """Rows with ``valid_from`` and ``valid_until``."""

    def on(self, day: dt.date) -> Self:
        """Rows in force on that day."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=day), valid_from__lte=day)


def in_force_range() -> Func:
    """The row's days as a PostgreSQL ``daterange``, half-open."""
    return Func(F("valid_from"), F("valid_until"), function="daterange")


def until_after_from(name: str) -> CheckConstraint:
    """Refuse a row that ends before or on the day it begins."""
    return CheckConstraint(condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name=name)
