"""The ground: areas in their tree, and their boundaries through time.

Identity (:class:`Area`) and shape (:class:`Boundary`) are apart, so that people, party organisations and old
cases keep their area when a line moves.
"""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import AsGeoJSON
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db.models import CheckConstraint, Exists, F, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Length, NullIf
from django.db.models.lookups import Exact, StartsWith

from geodata.crs import STORED_SRID
from gridmap.models.dated import Dated, DatedQuerySet, in_force_range, until_after_from


class Level(models.TextChoices):
    """Where an area stands in the tree; each level has codes of one length."""

    DISTRICT = "district", "区"
    TOWN = "town", "镇街"
    COMMUNITY = "community", "村(社区)"
    GRID = "grid", "二级网格"

    @property
    def code_length(self) -> int:
        """Digits in the codes of this level (GB/T 2260, NBS statistical codes, community + 3 for grids)."""
        return {"district": 6, "town": 9, "community": 12, "grid": 15}[self.value]


def _level_fits_code() -> Q:
    condition = Q()
    for level in Level:
        condition |= Q(level=level.value, code__regex=rf"^[0-9]{{{level.code_length}}}$")
    return condition


class Area(models.Model):
    """A piece of the district: the district, a town or subdistrict, a community or village, a second-level grid.

    A first-level grid *is* a village or community: one row, not two. The code is the key, and a child's code
    starts with its parent's, so that "everything below this area" is a prefix.
    """

    class Kind(models.TextChoices):
        DISTRICT = "district", "区"
        TOWN = "town", "镇"
        SUBDISTRICT = "subdistrict", "街道"
        VILLAGE = "village", "村"
        COMMUNITY = "community", "社区"
        BASIC = "basic", "基础网格"
        DEDICATED = "dedicated", "专属网格"

    # Collation C: byte order, so that "lowest code" means the same here, in Python and in numpy.
    code = models.CharField("编码", max_length=15, primary_key=True, db_collation="C")
    level = models.CharField("层级", max_length=9, choices=Level.choices)
    kind = models.CharField("类型", max_length=11, choices=Kind.choices)
    name = models.CharField("名称", max_length=60)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    urban = models.BooleanField("城镇", default=True)
    households = models.PositiveIntegerField("户数", default=0)
    residents = models.PositiveIntegerField("人口数", default=0)
    enterprises = models.PositiveIntegerField("企业数", default=0)
    party_members = models.PositiveIntegerField("党员数", default=0)
    complexity = models.PositiveSmallIntegerField("治理复杂程度", default=1)
    villager_groups = ArrayField(models.CharField(max_length=40), verbose_name="村民小组", default=list, blank=True)
    size_waiver = models.CharField("规模豁免理由", max_length=200, blank=True)

    class Meta:
        verbose_name = "区域"
        verbose_name_plural = "区域"
        ordering = ["code"]
        indexes = [GinIndex(fields=["name"], name="area_name_trgm", opclasses=["gin_trgm_ops"])]
        constraints = [
            CheckConstraint(
                condition=_level_fits_code(),
                name="area_code_fits_level",
                violation_error_message="编码应为数字：区 6 位、镇街 9 位、村(社区) 12 位、二级网格 15 位 (code and level)",
            ),
            CheckConstraint(
                condition=Q(level=Level.DISTRICT, parent=None)
                | (
                    ~Q(level=Level.DISTRICT)
                    & Q(parent__isnull=False, code__startswith=F("parent"))
                    & Q(Exact(Length("code"), Length("parent") + 3))
                ),
                name="area_code_starts_with_parent",
                violation_error_message="编码应为上级编码加三位；只有区没有上级 (code must be the parent's and three digits)",
            ),
            CheckConstraint(
                condition=Q(complexity__range=(1, 3)),
                name="area_complexity_1_to_3",
                violation_error_message="治理复杂程度应为 1、2 或 3 (complexity is 1 to 3)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"


class Edition(models.Model):
    """A set of boundaries prepared as a draft, checked, then published at a date as one."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        APPROVED = "approved", "已批准"
        PUBLISHED = "published", "已发布"
        ABANDONED = "abandoned", "已放弃"

    name = models.CharField("名称", max_length=80, unique=True)
    state = models.CharField("状态", max_length=9, choices=State.choices, default=State.DRAFT)
    # What it redraws: everything below this area, and for a district its own outline too.
    scope = models.CharField("范围", max_length=12, blank=True, db_collation="C")
    valid_from = models.DateField("生效日期", null=True, blank=True)
    source = models.CharField("来源", max_length=200, blank=True)
    schematic = models.BooleanField("示意", default=False, help_text="边界为示意，不作为法定界线")
    created_at = models.DateTimeField("建立时间")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="编制人"
    )
    approved_at = models.DateTimeField("批准时间", null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="批准人"
    )
    # What the approval was given for (``gridmap.editions.publishing.digest``): anything else is not approved.
    approved_digest = models.CharField("批准内容摘要", max_length=64, blank=True, default="", db_default="")
    published_at = models.DateTimeField("发布时间", null=True, blank=True)
    # When the last case was given the area it lies in now; empty while that is still to be done.
    rerouted_at = models.DateTimeField("重新归入完成时间", null=True, blank=True)

    class Meta:
        verbose_name = "边界版本"
        verbose_name_plural = "边界版本"
        ordering = ["-valid_from", "-created_at"]
        constraints = [
            CheckConstraint(
                condition=~Q(state="published") | Q(valid_from__isnull=False, published_at__isnull=False),
                name="edition_published_at_a_date",
                violation_error_message="已发布的版本应有生效日期和发布时间 (published needs its dates)",
            ),
            CheckConstraint(
                condition=~Q(state="approved") | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="edition_approved_by_somebody",
                violation_error_message="已批准的版本应有批准人和批准时间 (approved needs who and when)",
            ),
            CheckConstraint(
                condition=Q(approved_by=None) | Q(created_by=None) | ~Q(approved_by=F("created_by")),
                name="edition_approved_by_another",
                violation_error_message="批准人不能是编制人本人 (whoever prepared it cannot approve it)",
            ),
        ]

    def __str__(self) -> str:
        return self.name


def right_handed(name: str) -> Func:
    """Polygons with exteriors anticlockwise and holes clockwise, as RFC 7946 (3.1.6) wants them."""
    return Func(name, function="ST_ForcePolygonCCW", output_field=models.MultiPolygonField(srid=STORED_SRID))


# What a boundary keeps of its area's days; see ``said``.
KEPT_TEXTS = ("name", "kind")
KEPT_VALUES = ("households", "residents", "enterprises", "party_members", "size_waiver")


def said(attribute: str, *, of: str = "") -> Coalesce:
    """What the registry said of a boundary's area in the boundary's days: one of KEPT_TEXTS and KEPT_VALUES.

    ``of`` is the way to the boundary from the rows asked, with its double underscore.
    """
    former: F | NullIf = F(f"{of}former_{attribute}")
    if attribute in KEPT_TEXTS:
        former = NullIf(former, Value(""))
    return Coalesce(former, F(f"{of}area__{attribute}"))


class BoundaryQuerySet(DatedQuerySet["Boundary"]):
    """Boundaries, by their days and by what became of their areas."""

    def gone(self) -> Self:
        """The last boundaries of areas that are no more: nothing follows on the day they end."""
        following = Boundary.objects.filter(area=OuterRef("area"), valid_from=OuterRef("valid_until"))
        return self.filter(~Exists(following), valid_until__isnull=False)

    def gone_by(self, edition: Edition) -> Self:
        """The last boundaries of the areas that a published edition ended."""
        return self.gone().with_ended_by().filter(ended_by=edition.pk)

    def with_ended_by(self) -> Self:
        """Each with the published edition that ended it; of one day no two editions redraw the same ground."""
        ending = Edition.objects.filter(
            StartsWith(OuterRef("area_id"), F("scope")),
            state=Edition.State.PUBLISHED,
            valid_from=OuterRef("valid_until"),
        )
        return self.annotate(ended_by=Subquery(ending.order_by("published_at", "pk").values("pk")[:1]))


class Boundary(Dated):
    """An area's shape during a range of days, within the edition that drew it.

    What the registry said of the area in those days stands beside the shape where it says something else now:
    what is ``former_…`` is empty as long as the area's own still holds.
    """

    area = models.ForeignKey(Area, models.PROTECT, related_name="boundaries", verbose_name="区域")
    edition = models.ForeignKey(Edition, models.PROTECT, related_name="boundaries", verbose_name="边界版本")
    geom = models.MultiPolygonField("边界", srid=STORED_SRID)
    valid_from = models.DateField("生效日期", null=True, blank=True)
    valid_until = models.DateField("失效日期", null=True, blank=True)
    former_name = models.CharField("当时名称", max_length=60, blank=True)
    former_households = models.PositiveIntegerField("当时户数", null=True, blank=True)
    former_residents = models.PositiveIntegerField("当时人口数", null=True, blank=True)
    former_enterprises = models.PositiveIntegerField("当时企业数", null=True, blank=True)
    former_party_members = models.PositiveIntegerField("当时党员数", null=True, blank=True)
    former_kind = models.CharField(
        "当时类型", max_length=11, choices=Area.Kind.choices, blank=True, default="", db_default=""
    )
    # Empty is a waiver too: that there was none.
    former_size_waiver = models.CharField("当时规模豁免理由", max_length=200, null=True, blank=True)
    # Written once so that reading is cheap: no geometry is measured or rendered on a read path.
    area_m2 = models.GeneratedField(
        expression=Func("geom", function="gridmap_area_m2", output_field=models.FloatField()),
        output_field=models.FloatField(),
        db_persist=True,
        verbose_name="面积(平方米)",
    )
    geojson = models.GeneratedField(
        expression=AsGeoJSON(right_handed("geom"), precision=7),
        output_field=models.TextField(),
        db_persist=True,
        verbose_name="GeoJSON",
    )

    objects = BoundaryQuerySet.as_manager()

    class Meta:
        verbose_name = "边界"
        verbose_name_plural = "边界"
        constraints = [
            CheckConstraint(
                condition=Q(geom__isvalid=True),
                name="boundary_is_valid",
                violation_error_message="边界无效，可能自相交 (invalid polygon)",
            ),
            until_after_from("boundary_until_after_from"),
            ExclusionConstraint(
                name="boundary_one_in_force",
                expressions=[("area", RangeOperators.EQUAL), (in_force_range(), RangeOperators.OVERLAPS)],
                condition=Q(valid_from__isnull=False),
                violation_error_message="该区域在这段日期内已有生效的边界 (another boundary is in force)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.area_id} {self.valid_from}"


class Lineage(models.Model):
    """Which area came from which, and by what change."""

    class Kind(models.TextChoices):
        SPLIT = "split", "拆分"
        MERGE = "merge", "合并"
        RECODE = "recode", "换码"

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="lineages", verbose_name="边界版本")
    kind = models.CharField("变更", max_length=6, choices=Kind.choices)
    predecessor = models.ForeignKey(Area, models.PROTECT, related_name="successions", verbose_name="原区域")
    successor = models.ForeignKey(Area, models.PROTECT, related_name="origins", verbose_name="现区域")

    class Meta:
        verbose_name = "沿革"
        verbose_name_plural = "沿革"
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "predecessor", "successor"],
                name="lineage_once",
                violation_error_message="本版本中已有这条沿革 (recorded already)",
            ),
            CheckConstraint(
                condition=~Q(predecessor=F("successor")),
                name="lineage_between_two",
                violation_error_message="原区域与现区域不能相同 (an area cannot come from itself)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor_id} → {self.successor_id}"


class River(models.Model):
    """Water that separates: the nearest grid is never looked for on its other side."""

    name = models.CharField("名称", max_length=40)
    geom = models.MultiLineStringField("中心线", srid=STORED_SRID)

    class Meta:
        verbose_name = "河流"
        verbose_name_plural = "河流"

    def __str__(self) -> str:
        return self.name
