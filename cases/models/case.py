"""A case: a problem or a need, anchored on the ground."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Distance, Transform
from django.contrib.gis.geos import Point
from django.contrib.gis.measure import D
from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, F, Func, Q
from django.utils.crypto import constant_time_compare

from cases.deadlines import Limit, Unit
from cases.models.town import Assignment
from cases.workflow import DONE, ENDED, OPEN, RUNNING, STEP_OF, State, Step, states
from geodata.crs import STORED_SRID, metres_srid
from gridmap.duties import Standing
from gridmap.models import Area
from gridmap.problems import NotFound
from gridmap.roles import Role
from gridmap.routing import Method

METRES_A_DEGREE = 111_000


class Category(models.Model):
    """What a case is about: a tree of two levels, with the time allowed."""

    code = models.CharField("编码", max_length=12, primary_key=True, db_collation="C")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="大类"
    )
    name = models.CharField("名称", max_length=40)
    icon = models.CharField("图标", max_length=40, blank=True)
    limit_amount = models.PositiveSmallIntegerField("时限", default=1)
    limit_unit = models.CharField("时限单位", max_length=15, choices=Unit.choices, default=Unit.WORKING_DAYS)
    sensitive = models.BooleanField("位置敏感", default=False, help_text="对外只显示所在网格的代表点")

    class Meta:
        verbose_name = "事项类别"
        verbose_name_plural = "事项类别"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Keep the tree at two levels."""
        super().clean()
        if self.parent is None:
            return
        if self.parent_id == self.code or self.parent.parent_id is not None:
            raise ValidationError({"parent": "大类应是没有上级的类别 (categories have two levels)"})
        if Category.objects.filter(parent=self.code).exists():
            raise ValidationError({"parent": "下面还有小类，不能归入别的大类 (it has parts of its own)"})

    @property
    def limit(self) -> Limit:
        """The time a case of this category may take."""
        return Limit(self.limit_amount, Unit(self.limit_unit))


def late(now: dt.datetime, *, case: str = "") -> Q:
    """Past its limit, its clock running: due exactly now is in time, and no clock runs while a case is suspended.

    ``case``: the way from a row that has a limit of its own to its case.
    """
    return Q(**{"due_at__lt": now, f"{case}state__in": sorted(RUNNING)})


class CaseQuerySet(models.QuerySet["Case"]):
    """Cases, narrowed by adjectives."""

    def open(self) -> Self:
        """Cases somebody still has to do something about."""
        return self.filter(state__in=OPEN)

    def done(self) -> Self:
        """Cases counted as handled in the headline rate (R07)."""
        return self.filter(state__in=DONE)

    def to_be_scored(self) -> Self:
        """Closed cases that a department was asked about by a letter: the centre scores them (R66)."""
        return self.filter(state=State.CLOSED, by_letter=True)

    def overdue(self, now: dt.datetime) -> Self:
        """Open cases past their limit."""
        return self.filter(late(now))

    def visible_to(self, standing: Standing) -> Self:
        """Cases this caller may open and read whole: those on the caller's own ground, and those a letter asked them about."""
        if standing.everything:
            return self
        asked = standing.organisations.get(Role.DEPARTMENT_STAFF)
        mine = Q(pk__in=Assignment.objects.filter(unit__in=asked).values("case")) if asked else Q(pk__in=[])
        for prefix in standing.prefixes:
            mine |= Q(current_area__code__startswith=prefix)
        return self.filter(mine)

    def near(self, lon: float, lat: float, *, within_m: float, place: str) -> Self:
        """Cases whose ``place``, one of their points, lies so near a place in CGCS2000 degrees; ``distance`` says how near."""
        # A box in degrees lets the index work; the distance that decides is in metres.
        here, plane = Point(lon, lat, srid=STORED_SRID), metres_srid(lon, lat)
        boxed = self.filter(**{f"{place}__bboverlaps": here.buffer(2 * within_m / METRES_A_DEGREE)})
        measured = boxed.annotate(distance=Distance(Transform(place, plane), Transform(here, plane)))
        return measured.filter(distance__lte=D(m=within_m))

    def locked(self, number: str) -> Case:
        """The case with this number, its row locked until the transaction ends; raises :class:`NotFound`."""
        case = self.select_for_update(of=("self",)).select_related("category").filter(number=number).first()
        if case is None:
            raise NotFound(f"没有找到事项 {number[:20]} (no such case)")
        return case

    def by_code(self, number: str, code: str) -> Case | None:
        """The case of whoever knows its number and follow-up code, in capitals or not."""
        if "\x00" in number:
            return None  # PostgreSQL cannot even be asked
        case = self.filter(number=number).first()
        return case if case is not None and constant_time_compare(case.track_code, code.strip().upper()) else None


class Case(models.Model):
    """A report from its first minute to its end.

    ``point`` is exact; ``public_point`` is what everybody may see, and stands for the whole grid where the
    category is sensitive. ``area`` is as routed or corrected by hand: a second-level grid, or the town or district
    whose centre has to find one. It stays when lines are redrawn; ``current_area`` is where the place lies now, and
    says who sees and handles the case.
    """

    class Kind(models.TextChoices):
        PROBLEM = "problem", "问题"
        NEED = "need", "需求"

    class Channel(models.TextChoices):
        """Where it came from (R46)."""

        PATROL = "patrol", "网格巡查"
        WEB = "web", "网页上报"
        WECHAT = "wechat", "公众号"
        HOTLINE = "hotline", "热线"
        FORUM = "forum", "座谈会"
        MEETING = "meeting", "议事会"
        OTHER = "other", "其他"

    number = models.CharField("编号", max_length=20, unique=True, db_collation="C")
    client_id = models.UUIDField("客户端标识", unique=True)
    content_digest = models.CharField("内容摘要", max_length=64)
    track_code = models.CharField("查询码", max_length=12)

    kind = models.CharField("性质", max_length=7, choices=Kind.choices, default=Kind.PROBLEM)
    category = models.ForeignKey(Category, models.PROTECT, related_name="cases", verbose_name="类别")
    text = models.TextField("描述", max_length=4000)
    channel = models.CharField("来源", max_length=7, choices=Channel.choices)
    state = models.CharField("状态", max_length=12, choices=states, default=State.REPORTED)

    # Its index finds the cases near a line that was moved.
    point = models.PointField("位置", srid=STORED_SRID)
    public_point = models.PointField("公开位置", srid=STORED_SRID)
    coord = models.CharField("坐标来源", max_length=8)
    accuracy_m = models.FloatField("定位精度(米)", null=True, blank=True)
    address = models.CharField("地址", max_length=200, blank=True)
    # Nothing is looked up by the area as routed; the current one leads an index below.
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", db_index=False, verbose_name="归入时的网格")
    current_area = models.ForeignKey(
        Area, models.PROTECT, related_name="cases", db_index=False, verbose_name="现属网格"
    )
    route_method = models.CharField("归入方式", max_length=8, choices=Method.choices)
    route_distance_m = models.FloatField("距界线(米)", null=True)
    route_candidates = models.JSONField("候选网格", default=list)
    route_uncertain = models.BooleanField("归入存疑", default=False)

    occurred_at = models.DateTimeField("发生时间", null=True, blank=True)
    reported_at = models.DateTimeField("上报时间")
    due_at = models.DateTimeField("截止时间")
    closed_at = models.DateTimeField("结项时间", null=True, blank=True)
    # The one it was found to be the same matter as; its voices count there.
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name="并入的事项"
    )
    # The closed case of the same matter that somebody reports again.
    repeats = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="repeated_by", verbose_name="重复反映的事项"
    )
    reopened = models.PositiveSmallIntegerField("重新办理次数", default=0, db_default=0)
    # Kept on the list of what the town coordinates (R75).
    hard = models.BooleanField("重点难点", default=False, db_default=False)
    # What binds now was asked of departments by a letter; the database keeps it, whoever writes assignments.
    by_letter = models.BooleanField("由部门承办", default=False, db_default=False, editable=False)
    voices_count = models.PositiveIntegerField("附议数", default=0)
    # Where the public point lies on web maps: each tile of each zoom is one range of it (``gridmap.features.tile``).
    quadkey = models.GeneratedField(
        expression=Func(
            Func("public_point", function="ST_X", output_field=models.FloatField()),
            Func("public_point", function="ST_Y", output_field=models.FloatField()),
            function="cases_quadkey",
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
        verbose_name="地图瓦片键",
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = "事项"
        verbose_name_plural = "事项"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["current_area", "state"], name="case_current_area_state"),
            models.Index(fields=["state", "due_at"], name="case_state_due"),
            models.Index(fields=["reported_at"], name="case_reported_at"),
            # The latest that ended, whose trace tells how long each step took.
            models.Index(fields=["closed_at", "id"], condition=Q(closed_at__isnull=False), name="case_ended"),
            # A desk reads the open ones by deadline, however many have ended. (Open: see case_closed_at_when_ended.)
            models.Index(
                fields=["due_at", "id"],
                # What maps count the open ones by, so that they read no row.
                include=["current_area", "state", "category", "reported_at", "quadkey"],
                condition=Q(closed_at=None),
                name="case_open_by_due",
            ),
            # The same for the desk of one town, which would else walk through the whole district's.
            models.Index(
                fields=["current_area", "state"],
                include=["due_at", "id"],
                condition=Q(closed_at=None),
                name="case_open_by_area",
            ),
            models.Index(
                fields=["closed_at"], condition=Q(state=State.CLOSED, by_letter=True), name="case_to_be_scored"
            ),
            models.Index(
                fields=["reported_at"], condition=Q(closed_at=None, by_letter=True), name="case_open_by_letter"
            ),
            # Their public point stands for the whole area: found by it when it is redrawn.
            models.Index(fields=["current_area"], condition=~Q(public_point__equals=F("point")), name="case_kept_back"),
            # A tile is read from it alone, filters and all: its cases lie all over the table.
            models.Index(
                fields=["quadkey"],
                include=[
                    "public_point",
                    "number",
                    "category",
                    "state",
                    "channel",
                    "current_area",
                    "reported_at",
                    "due_at",
                    "closed_at",
                ],
                name="case_by_tile",
            ),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(state__in=State.values),
                name="case_state_known",
                violation_error_message="没有这个状态 (unknown state)",
            ),
            CheckConstraint(
                condition=Q(due_at__gte=F("reported_at")),
                name="case_due_after_reported",
                violation_error_message="截止时间不能早于上报时间 (due before reported)",
            ),
            CheckConstraint(
                condition=Q(closed_at=None, state__in=sorted(OPEN))
                | Q(closed_at__isnull=False, closed_at__gte=F("reported_at")) & Q(state__in=sorted(ENDED)),
                name="case_closed_at_when_ended",
                violation_error_message="已结束的事项应有结项时间，未结束的没有 (closed_at goes with an ended state)",
            ),
            CheckConstraint(
                condition=Q(state=State.MERGED, merged_into__isnull=False)
                | (~Q(state=State.MERGED) & Q(merged_into=None)),
                name="case_merged_into_another",
                violation_error_message="并入的事项须写明并入哪一件 (merged goes with into which)",
            ),
            CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("id")),
                name="case_not_merged_into_itself",
                violation_error_message="事项不能并入自己 (not into itself)",
            ),
            CheckConstraint(
                condition=Q(coord__in=["wgs84", "cgcs2000", "gcj02", "bd09"]),
                name="case_coord_known",
                violation_error_message="坐标来源应为 wgs84、cgcs2000、gcj02 或 bd09 (unknown coordinate system)",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_state_display(self) -> str:  # type: ignore[no-redef]  # the plugin has it from the field
        """The state in words: Django's own way puts all of them into a table first, for each case of a list."""
        return State(self.state).label

    @property
    def step(self) -> Step:
        """The one of the nine steps people see."""
        return STEP_OF[State(self.state)]

    def is_overdue(self, now: dt.datetime) -> bool:
        """Its clock running, and past its limit."""
        return self.state in RUNNING and self.due_at < now


class Reporter(models.Model):
    """Who reported it, apart from the case: read masked, and each reading in clear leaves a trace."""

    case = models.OneToOneField(Case, models.CASCADE, primary_key=True, related_name="reporter", verbose_name="事项")
    name = models.CharField("姓名", max_length=40, blank=True)
    phone = models.CharField("电话", max_length=20, blank=True)

    class Meta:
        verbose_name = "上报人"
        verbose_name_plural = "上报人"

    def __str__(self) -> str:
        return f"{self.masked_name} {self.masked_phone}".strip()

    @property
    def masked_name(self) -> str:
        """The surname only."""
        return self.name[:1] + "*" * (len(self.name) - 1)

    @property
    def masked_phone(self) -> str:
        """Three digits, stars, four digits."""
        if len(self.phone) < 8:
            return "*" * len(self.phone)
        return f"{self.phone[:3]}****{self.phone[-4:]}"


class Voice(models.Model):
    """Somebody who says "it is the same" about a case already reported."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="voices", verbose_name="事项")
    client_id = models.UUIDField("客户端标识", unique=True)
    at = models.DateTimeField("时间")
    text = models.TextField("补充", max_length=1000, blank=True)

    class Meta:
        verbose_name = "附议"
        verbose_name_plural = "附议"

    def __str__(self) -> str:
        return f"{self.case_id} {self.at:%Y-%m-%d}"


class Photo(models.Model):
    """A picture of the place, re-encoded by us and stripped of everything but its pixels."""

    class Kind(models.TextChoices):
        REPORT = "report", "上报"
        AFTER = "after", "处置后"
        CAME = "came", "报到"

    case = models.ForeignKey(Case, models.PROTECT, related_name="photos", verbose_name="事项")
    kind = models.CharField("阶段", max_length=6, choices=Kind.choices)
    file = models.CharField("文件", max_length=80)
    width = models.PositiveIntegerField("宽(像素)")
    height = models.PositiveIntegerField("高(像素)")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "照片"
        verbose_name_plural = "照片"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.file
