"""Rows that hold during a half-open range of days."""

from __future__ import annotations

import datetime as dt
from typing import Self, TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.constraints import CheckConstraint

_Row = TypeVar("_Row", bound=models.Model)

ENDS_TOO_EARLY = "截止日期应晚于起始日期 (must end after it begins)"


class DatedQuerySet(models.QuerySet[_Row]):
    """Rows with ``valid_from`` and ``valid_until``."""

    def on(self, day: dt.date) -> Self:
        """Rows in force on that day."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gt=day), valid_from__lte=day)


class Dated(models.Model):
    """A row with ``valid_from`` and ``valid_until``, each named by the model as its people say it."""

    valid_from: dt.date | None
    valid_until: dt.date | None

    class Meta:
        abstract = True

    def clean(self) -> None:
        """Say it at the field, before a range that ends before it begins makes the database refuse the question."""
        super().clean()
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValidationError({"valid_until": ENDS_TOO_EARLY})


def in_force_range() -> Func:
    """The row's days as a PostgreSQL ``daterange``, half-open."""
    return Func(F("valid_from"), F("valid_until"), function="daterange")


def until_after_from(name: str) -> CheckConstraint:
    """Refuse a row that ends before or on the day it begins."""
    return CheckConstraint(
        condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
        name=name,
        violation_error_message=ENDS_TOO_EARLY,
    )
