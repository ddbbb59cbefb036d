"""A draft edition while it is worked on: its areas, what was found wrong, what became of what, who is to answer."""

from __future__ import annotations

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import CheckConstraint, Q

from geodata.crs import STORED_SRID
from gridmap.models.ground import Area, Edition, Lineage
from gridmap.models.organisations import PartyOrganisation
from gridmap.models.people import Person


class DraftStep(models.Model):
    """One thing done to a draft, by whom and when. The last one can be undone: its rows go, those it replaced return."""

    class Kind(models.TextChoices):
        UPLOAD = "upload", "导入文件"
        COPY = "copy", "取自现行边界"
        PROPOSAL = "proposal", "采用规模调整建议"
        REPAIR = "repair", "自动修复"
        SPLIT = "split", "拆分网格"
        MERGE = "merge", "合并网格"
        HAND_OVER = "hand_over", "划转地块"
        DESCRIBE = "describe", "修改说明"
        ABANDON = "abandon", "放弃草稿"

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="steps", verbose_name="边界版本")
    kind = models.CharField("操作", max_length=9, choices=Kind.choices)
    sentence = models.CharField("说明", max_length=500)
    details = models.JSONField("明细", default=list)
    at = models.DateTimeField("时间")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人"
    )

    class Meta:
        verbose_name = "编制步骤"
        verbose_name_plural = "编制步骤"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.sentence


class DraftAreaQuerySet(models.QuerySet["DraftArea"]):
    """Rows of drafts."""

    def standing(self) -> DraftAreaQuerySet:
        """Rows no later step has replaced: the draft as it is now."""
        return self.filter(replaced_by=None)


class DraftArea(models.Model):
    """An area as a draft has it. Nothing is promised about code or shape before the checks have passed.

    A step never changes a row: it replaces it, so that undoing is exact. Empty counts keep what the registry says;
    an empty shape is drawn by the areas below.
    """

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="draft_areas", verbose_name="边界版本")
    code = models.CharField("编码", max_length=40, blank=True, db_collation="C")
    name = models.CharField("名称", max_length=60, blank=True)
    kind = models.CharField("类型", max_length=11, choices=Area.Kind.choices, blank=True)
    households = models.PositiveIntegerField("户数", null=True, blank=True)
    residents = models.PositiveIntegerField("人口数", null=True, blank=True)
    enterprises = models.PositiveIntegerField("企业数", null=True, blank=True)
    party_members = models.PositiveIntegerField("党员数", null=True, blank=True)
    size_waiver = models.CharField("规模豁免理由", max_length=200, blank=True)
    geom = models.GeometryField("图形", srid=STORED_SRID, null=True, blank=True)
    row = models.PositiveIntegerField("文件中的行", null=True, blank=True)
    made_by = models.ForeignKey(DraftStep, models.CASCADE, related_name="made", verbose_name="由哪一步产生")
    replaced_by = models.ForeignKey(
        DraftStep, models.SET_NULL, null=True, blank=True, related_name="replaced", verbose_name="由哪一步替换"
    )

    objects = DraftAreaQuerySet.as_manager()

    class Meta:
        verbose_name = "草稿区域"
        verbose_name_plural = "草稿区域"
        ordering = ["code", "id"]
        indexes = [models.Index(fields=["edition", "code"], name="draft_area_edition_code")]

    def __str__(self) -> str:
        return f"{self.name} {self.code}"


class DraftFinding(models.Model):
    """Something the checks found in a draft as it stands; written anew whenever the draft changes.

    ``kind``, ``severity`` and ``repair`` are the words of :mod:`geodata.checking`; ``place`` is where to look.
    """

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="findings", verbose_name="边界版本")
    kind = models.CharField("问题", max_length=30)
    severity = models.CharField("程度", max_length=7)
    code = models.CharField("编码", max_length=40, blank=True, db_collation="C")
    other = models.CharField("相关编码", max_length=40, blank=True, db_collation="C")
    row = models.PositiveIntegerField("文件中的行", null=True)
    sentence = models.TextField("说明")
    place = models.GeometryField("位置", srid=STORED_SRID, null=True)
    measure = models.FloatField("量", null=True)
    repair = models.CharField("可用修复", max_length=30, blank=True)

    class Meta:
        verbose_name = "检查结果"
        verbose_name_plural = "检查结果"
        ordering = ["id"]

    def __str__(self) -> str:
        return self.sentence


class DraftLineage(models.Model):
    """What a draft says came from what: proposed from overlap, corrected by hand."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="draft_lineages", verbose_name="边界版本")
    kind = models.CharField("变更", max_length=6, choices=Lineage.Kind.choices)
    predecessor = models.ForeignKey(Area, models.PROTECT, related_name="+", verbose_name="原区域")
    successor = models.CharField("现区域", max_length=15, db_collation="C")
    # The part of the predecessor's ground that the successor has, 0 to 1.
    share = models.FloatField("占原区域的比例", default=0.0)
    by_hand = models.BooleanField("人工确定", default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人"
    )

    class Meta:
        verbose_name = "沿革(草稿)"
        verbose_name_plural = "沿革(草稿)"
        ordering = ["predecessor", "successor"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "predecessor", "successor"],
                name="draft_lineage_once",
                violation_error_message="本草稿中已有这条沿革 (recorded already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.predecessor_id} → {self.successor}"


class DraftStaffing(models.Model):
    """Who is to answer for an area that is new: its party organisation and its people, set in the same change (R17, R18).

    Either a party organisation carried over, or the name and kind of a new one, or the reason there is none.
    ``leader`` is the grid chief of a community or village, the grid worker of a second-level grid.
    """

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="staffings", verbose_name="边界版本")
    code = models.CharField("编码", max_length=15, db_collation="C")
    party_organisation = models.ForeignKey(
        PartyOrganisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="沿用的党组织"
    )
    party_name = models.CharField("新设党组织名称", max_length=60, blank=True)
    party_kind = models.CharField("新设党组织类型", max_length=14, choices=PartyOrganisation.Kind.choices, blank=True)
    exemption = models.CharField("暂不设党组织的理由", max_length=200, blank=True)
    secretary = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="书记(组长)"
    )
    leader = models.ForeignKey(
        Person, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="网格长或网格员"
    )
    vacancy = models.CharField("暂缺人员的理由", max_length=200, blank=True)
    by_hand = models.BooleanField("人工确定", default=False, db_default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="经办人"
    )

    class Meta:
        verbose_name = "人员与党组织(草稿)"
        verbose_name_plural = "人员与党组织(草稿)"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "code"],
                name="draft_staffing_once",
                violation_error_message="本草稿中该区域已有配备 (set already)",
            ),
            CheckConstraint(
                condition=Q(party_organisation=None) | Q(party_name="", exemption=""),
                name="draft_staffing_one_party_organisation",
                violation_error_message="沿用党组织、新设党组织、说明理由，只取其一 (carried over, new, or none)",
            ),
        ]

    def __str__(self) -> str:
        return self.code
