"""What is counted beforehand, so that a map of any period is read in milliseconds: figures by month, and their running totals.

The database writes down what a change adds, in the transaction that changes a case, an assignment or a result (see the
migration that creates the triggers), so no way of writing can forget it. A change adds rows, some of them negative, and
never touches a row another transaction may be writing: nobody waits for anybody. From time to time such rows are taken
into running totals (:mod:`cases.totals`), which changes no sum; a reader takes both together.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

# Categories are counted all together and by the first letters of their codes, which are those of the group.
GROUP_LETTERS = 2
# A cell is a tile of the web's maps at this zoom: 138 m wide here. Totals are kept of wider ones too.
CELL_ZOOM = 18
CELL_ZOOMS = (16, 17, CELL_ZOOM)
# Up to how many working hours it took until somebody came; a last class is for what took longer.
HOURS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 40)


def _figure(label: str) -> models.IntegerField[int, int]:
    return models.IntegerField(label, default=0, db_default=0)


class Counts(models.Model):
    """What changes added to the figures of a month and of the categories whose codes begin so; "" for all of them."""

    month = models.DateField("月份")
    category = models.CharField("类别", max_length=GROUP_LETTERS, blank=True, db_collation="C")

    class Meta:
        abstract = True


class AreaMonth(Counts):
    """Cases reported in that month, by the area they lie in now: a second-level grid, or who has to find one.

    What was merged into another case is counted as that one. ``astray``: on a line, near a grid, or placed by hand.
    ``refused`` and ``evaluated`` are collected too, and what is evaluated is done. ``in_time``: done, and not after the limit.
    """

    area = models.CharField("区域", max_length=15, db_collation="C")
    collected = _figure("收集")
    patrol = _figure("其中巡查发现")
    astray = _figure("其中不是直接落在格内")
    merged = _figure("并入别件")
    refused = _figure("不予受理")
    evaluated = _figure("其中已评价")
    done = _figure("办结")
    in_time = _figure("按期办结")
    # What reporters said last of each case (SurveyAnswer).
    answers = _figure("评价")
    solved = _figure("其中说解决了")
    points = _figure("满意程度合计")

    class Meta:
        verbose_name = "区域月计数"
        verbose_name_plural = "区域月计数"
        indexes = [models.Index(fields=["category", "month"], name="area_month_read")]

    def __str__(self) -> str:
        return f"{self.area} {self.month:%Y-%m} {self.collected}"


class CellMonth(Counts):
    """The same by the cell of the map their public place lies in: the quadkey of a tile at :data:`CELL_ZOOM`."""

    cell = models.BigIntegerField("格子")
    collected = _figure("收集")
    merged = _figure("并入别件")

    class Meta:
        verbose_name = "格子月计数"
        verbose_name_plural = "格子月计数"
        indexes = [models.Index(fields=["category", "month"], name="cell_month_read")]

    def __str__(self) -> str:
        return f"{self.cell} {self.month:%Y-%m} {self.collected}"


class UnitMonth(Counts):
    """What departments were asked by letter, and still are, about cases reported in that month, by the area these lie in now.

    Counted by towns and by communities: ``area`` is the code of the case's area, cut to so many ``digits``, and shorter
    where a town or the district has to find a grid. ``arrived_in_time`` and ``done_in_time``:
    not after the limit. ``hours`` counts those that came by the working hours it took, in the classes of :data:`HOURS`.
    ``points`` are the results of those scored, and ``squares`` the sum of their squares.
    """

    unit = models.CharField("部门", max_length=24, db_collation="C")
    digits = models.PositiveSmallIntegerField("区域编码位数")
    area = models.CharField("区域", max_length=12, db_collation="C")
    demanded = models.IntegerField("需报到")
    arrived = models.IntegerField("已报到")
    arrived_in_time = models.IntegerField("按时报到")
    done = models.IntegerField("已办结")
    done_in_time = models.IntegerField("按期办结")
    hours = ArrayField(models.IntegerField(), size=len(HOURS) + 1, verbose_name="报到用时分组")
    scored = models.IntegerField("已评分")
    points = models.DecimalField("评分合计", max_digits=14, decimal_places=2)
    squares = models.DecimalField("评分平方和", max_digits=18, decimal_places=4)

    class Meta:
        verbose_name = "部门月计数"
        verbose_name_plural = "部门月计数"
        indexes = [models.Index(fields=["category", "digits", "month"], name="unit_month_read")]

    def __str__(self) -> str:
        return f"{self.unit} {self.area} {self.month:%Y-%m} {self.demanded}"


def _once(name: str, what: str, *keys: str) -> models.UniqueConstraint:
    return models.UniqueConstraint(
        fields=["category", *keys], name=name, violation_error_message=f"这个{what}已有累计 (this key has totals)"
    )


class Totals(models.Model):
    """Figures of all months from the first one through the n-th, in the n-th line of the matrix ``totals``.

    A line has the figures in the order in which :mod:`cases.totals` names them. So what there was in a period is one line
    less another, however long it is. ``first`` and ``last``: months since the year 0; the matrix would have to be unpacked
    to be asked for its length.
    """

    category = models.CharField("类别", max_length=GROUP_LETTERS, blank=True, db_collation="C")
    first = models.IntegerField("首月")
    last = models.IntegerField("末月")

    class Meta:
        abstract = True


class AreaTotals(Totals):
    """Running totals of :class:`AreaMonth`."""

    area = models.CharField("区域", max_length=15, db_collation="C")
    totals = ArrayField(ArrayField(models.IntegerField()), verbose_name="累计")

    class Meta:
        verbose_name = "区域累计"
        verbose_name_plural = "区域累计"
        constraints = [_once("area_totals_once", "区域", "area")]

    def __str__(self) -> str:
        return f"{self.area} {self.category}"


class CellTotals(Totals):
    """Running totals of :class:`CellMonth`, of its cells and of wider ones: tiles at :data:`CELL_ZOOMS`."""

    zoom = models.PositiveSmallIntegerField("级别")
    cell = models.BigIntegerField("格子")
    totals = ArrayField(ArrayField(models.IntegerField()), verbose_name="累计")

    class Meta:
        verbose_name = "格子累计"
        verbose_name_plural = "格子累计"
        constraints = [_once("cell_totals_once", "格子", "zoom", "cell")]

    def __str__(self) -> str:
        return f"{self.zoom}/{self.cell} {self.category}"


class UnitTotals(Totals):
    """Running totals of :class:`UnitMonth`; points in hundredths, their squares in ten-thousandths."""

    unit = models.CharField("部门", max_length=24, db_collation="C")
    digits = models.PositiveSmallIntegerField("区域编码位数")
    area = models.CharField("区域", max_length=12, db_collation="C")
    totals = ArrayField(ArrayField(models.BigIntegerField()), verbose_name="累计")

    class Meta:
        verbose_name = "部门累计"
        verbose_name_plural = "部门累计"
        constraints = [_once("unit_totals_once", "部门", "digits", "unit", "area")]

    def __str__(self) -> str:
        return f"{self.unit} {self.area} {self.category}"
