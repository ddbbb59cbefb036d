"""Organisations of the district, its party organisations, and the buildings they sit in."""

from __future__ import annotations

import datetime as dt

from django.contrib.gis.db import models
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db.models import CheckConstraint, F, Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact

from geodata.crs import STORED_SRID
from gridmap.models.ground import Area


class Organisation(models.Model):
    """A body that can be given work: a department, a town or subdistrict and its offices, a centre, a committee."""

    class Kind(models.TextChoices):
        DEPARTMENT = "department", "区级部门"
        AUTHORITY = "authority", "镇街"
        OFFICE = "office", "镇街职能机构"
        CENTRE = "centre", "镇街网格化服务管理中心"
        BRIGADE = "brigade", "综合行政执法大队"
        COMMITTEE = "committee", "村(居)委会"
        DISTRICT_CENTRE = "district_centre", "区网格中心"

    class Template(models.TextChoices):
        """How a town or subdistrict is organised (R29–R31)."""

        DEVELOPED_TOWN = "developed_town", "经济发达镇 8机构"
        TOWN = "town_4_1_2", "4办+1特色+2事业"
        SUBDISTRICT = "subdistrict_3_1_2", "3办+1特色+2事业"

    code = models.CharField("编码", max_length=24, primary_key=True, db_collation="C")
    kind = models.CharField("类型", max_length=15, choices=Kind.choices)
    name = models.CharField("名称", max_length=60)
    area = models.ForeignKey(Area, models.PROTECT, related_name="organisations", verbose_name="辖区")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级机构"
    )
    template = models.CharField("机构模式", max_length=17, choices=Template.choices, blank=True)

    class Meta:
        verbose_name = "机构"
        verbose_name_plural = "机构"
        ordering = ["code"]
        constraints = [
            CheckConstraint(
                condition=Q(kind="authority", template__gt="") | (~Q(kind="authority") & Q(template="")),
                name="organisation_template_of_authorities",
                violation_error_message="镇街应选机构模式，其他机构不选 (a template is for towns and subdistricts only)",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Nothing stands above itself."""
        super().clean()
        if self.parent_id is not None and self.parent_id == self.code:
            raise ValidationError({"parent": "上级机构不能是自己 (nothing stands above itself)"})


class Building(models.Model):
    """A commercial building 楼宇 or a residential one 楼栋."""

    class Kind(models.TextChoices):
        COMMERCIAL = "commercial", "商务楼宇"
        RESIDENTIAL = "residential", "居民楼栋"

    code = models.CharField("编码", max_length=24, primary_key=True, db_collation="C")
    kind = models.CharField("类型", max_length=11, choices=Kind.choices)
    name = models.CharField("名称", max_length=60)
    address = models.CharField("地址", max_length=120, blank=True)
    area = models.ForeignKey(Area, models.PROTECT, related_name="buildings", verbose_name="网格")
    households = models.PositiveIntegerField("户数", default=0)
    residents = models.PositiveIntegerField("人口数", default=0)
    point = models.PointField("位置", srid=STORED_SRID)

    class Meta:
        verbose_name = "楼宇楼栋"
        verbose_name_plural = "楼宇楼栋"
        ordering = ["code"]
        indexes = [
            GinIndex(fields=["name"], name="building_name_trgm", opclasses=["gin_trgm_ops"]),
            GinIndex(fields=["address"], name="building_address_trgm", opclasses=["gin_trgm_ops"]),
        ]

    def __str__(self) -> str:
        return self.name


class PartyOrganisationQuerySet(models.QuerySet["PartyOrganisation"]):
    """Party organisations."""

    def existing(self, day: dt.date) -> PartyOrganisationQuerySet:
        """Those established by that day and not abolished yet."""
        return self.filter(Q(abolished_on=None) | Q(abolished_on__gt=day), established_on__lte=day)


class PartyOrganisation(models.Model):
    """A party organisation on a grid, a community, or in a building; its kind follows the level (R16)."""

    class Kind(models.TextChoices):
        COMMITTEE = "committee", "党委"
        GENERAL_BRANCH = "general_branch", "党总支"
        BRANCH = "branch", "党支部"
        GROUP = "group", "党小组"
        FUNCTIONAL = "functional", "功能型党支部"

    code = models.CharField("编码", max_length=24, primary_key=True, db_collation="C")
    kind = models.CharField("类型", max_length=14, choices=Kind.choices)
    name = models.CharField("名称", max_length=60)
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="party_organisations", verbose_name="区域"
    )
    building = models.ForeignKey(
        Building,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="party_organisations",
        verbose_name="楼宇",
    )
    secretary = models.ForeignKey(
        "Person", models.PROTECT, null=True, blank=True, related_name="leads", verbose_name="书记(组长)"
    )
    established_on = models.DateField("成立日期")
    abolished_on = models.DateField("撤销日期", null=True, blank=True)

    objects = PartyOrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = "党组织"
        verbose_name_plural = "党组织"
        ordering = ["code"]
        constraints = [
            CheckConstraint(
                condition=Q(abolished_on=None) | Q(abolished_on__gt=F("established_on")),
                name="party_organisation_abolished_after_established",
                violation_error_message="撤销日期应晚于成立日期 (abolished before it was established)",
            ),
            CheckConstraint(
                condition=Q(kind="functional", building__isnull=False, area=None)
                # A length of nothing is unknown, and a CHECK lets the unknown pass.
                | Q(area__isnull=False, building=None)
                & (
                    Q(Exact(Length("area"), 12), kind__in=["committee", "general_branch"])
                    | Q(Exact(Length("area"), 15), kind__in=["branch", "group"])
                ),
                name="party_organisation_kind_fits_place",
                violation_error_message=(
                    "类型与层级不符：村(社区)建党委或党总支，二级网格建党支部或党小组，楼宇建功能型党支部"
                    " (the kind does not fit the place)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class FormerSeat(models.Model):
    """Where an organisation or a party organisation stood until a day; where it stands since, it says itself.

    Written when an edition that takes its ground away comes out, so that asking a past day still finds it there.
    """

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="former_seats", verbose_name="机构"
    )
    party_organisation = models.ForeignKey(
        PartyOrganisation, models.PROTECT, null=True, blank=True, related_name="former_seats", verbose_name="党组织"
    )
    area = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="原所在区域")
    until = models.DateField("迁出日期")

    class Meta:
        verbose_name = "原驻地"
        verbose_name_plural = "原驻地"
        ordering = ["until", "id"]
        constraints = [
            CheckConstraint(
                condition=Q(organisation=None, party_organisation__isnull=False)
                | Q(organisation__isnull=False, party_organisation=None),
                name="former_seat_of_one",
                violation_error_message="原驻地只对应一个机构或一个党组织 (of an organisation or a party organisation)",
            ),
            models.UniqueConstraint(
                fields=["organisation", "until"],
                name="former_seat_of_organisation_once",
                violation_error_message="该机构当日迁出已有记录 (recorded already)",
            ),
            models.UniqueConstraint(
                fields=["party_organisation", "until"],
                name="former_seat_of_party_organisation_once",
                violation_error_message="该党组织当日迁出已有记录 (recorded already)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id or self.party_organisation_id} {self.area_id}"
