"""Notices to desks, what of them was read by whom, and their delivery by e-mail and webhook."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q

from cases.reminding import REMINDERS, UNITS, NoticeKind
from gridmap.duties import Standing
from gridmap.models import Area, Organisation
from gridmap.roles import Role

MAX_ERROR = 200


class Reminder(models.Model):
    """When to look next at the limit of an open case, or at that of what a unit was asked to do about it.

    Triggers keep these rows: one is there from the start, again when the limit changes, and gone at the end. So only
    what is open has one, and a sweep asks a small table. ``planned`` is false until a sweep has looked.
    """

    case = models.ForeignKey("cases.Case", models.CASCADE, related_name="reminders", verbose_name="事项")
    assignment = models.ForeignKey(
        "cases.Assignment", models.CASCADE, null=True, blank=True, related_name="reminders", verbose_name="承办任务"
    )
    look_at = models.DateTimeField("下次查看", db_index=True)
    planned = models.BooleanField("已安排", default=False)

    class Meta:
        verbose_name = "催办安排"
        verbose_name_plural = "催办安排"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "assignment"],
                nulls_distinct=False,
                name="reminder_once",
                violation_error_message="已有这项催办安排 (there already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.look_at:%Y-%m-%d %H:%M}"


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Notices, narrowed by adjectives."""

    def to(self, standing: Standing) -> Self:
        """Those to a desk this person sits at."""
        mine = Q(pk__in=[])
        for role, codes in standing.grounds.items():
            if role in UNITS:
                mine |= Q(role=role, organisation__in=standing.organisations.get(role, ()))
            else:
                for code in codes:
                    mine |= Q(role=role, area__code__startswith=code)
        return self.filter(mine)

    def unread_by(self, user_id: int) -> Self:
        """Those this user has not said to know."""
        return self.filter(~Exists(NoticeReading.objects.filter(notice=OuterRef("pk"), user=user_id)))


class Notice(models.Model):
    """Something a desk should know about a case: whoever holds ``role`` for ``area``, or at ``organisation``.

    ``due_at`` is the limit it speaks of: the case's, the assignment's, or that of the survey. ``spread_at`` is when
    its deliveries were written.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="notices", verbose_name="事项")
    assignment = models.ForeignKey(
        "cases.Assignment", models.PROTECT, null=True, blank=True, related_name="notices", verbose_name="承办任务"
    )
    kind = models.CharField("种类", max_length=10, choices=NoticeKind.choices)
    role = models.CharField("收件岗位", max_length=21, choices=Role.choices)
    # The index below leads with the role.
    area = models.ForeignKey(
        Area, models.PROTECT, null=True, blank=True, related_name="+", db_index=False, verbose_name="收件区域"
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="收件机构"
    )
    text = models.CharField("内容", max_length=300)
    due_at = models.DateTimeField("所说的时限")
    at = models.DateTimeField("时间")
    spread_at = models.DateTimeField("分发时间", null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "催办提醒"
        verbose_name_plural = "催办提醒"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["role", "area", "at"], name="notice_to_area"),
            models.Index(fields=["id"], condition=Q(spread_at=None), name="notice_to_be_spread"),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(area=None, organisation__isnull=False) | Q(area__isnull=False, organisation=None),
                name="notice_to_one_desk",
                violation_error_message="提醒应发给一个区域或一个机构的岗位 (an area or an organisation)",
            ),
            models.UniqueConstraint(
                fields=["kind", "case", "assignment", "role", "area", "organisation", "due_at"],
                condition=Q(kind__in=sorted(REMINDERS)),
                name="notice_once_a_limit",
                nulls_distinct=False,
                violation_error_message="这个时限已经提醒过 (reminded of already)",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class NoticeReading(models.Model):
    """Somebody said to know a notice: it leaves their desk, not those of others in the same post."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="readings", verbose_name="提醒")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name="账号")
    at = models.DateTimeField("时间")

    class Meta:
        verbose_name = "提醒已阅"
        verbose_name_plural = "提醒已阅"
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "user"],
                name="notice_read_once",
                violation_error_message="已经标过“知道了” (read already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} {self.user_id}"


def new_secret() -> str:
    """A secret to sign with: 64 hexadecimal digits."""
    return secrets.token_hex(32)


class Webhook(models.Model):
    """An address of an organisation's own system that is told what its desks are told, signed with ``secret``."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="webhooks", verbose_name="机构")
    url = models.CharField("地址", max_length=300, help_text="http 或 https；不跟随重定向")
    secret = models.CharField(
        "签名密钥",
        max_length=128,
        default=new_secret,
        validators=[MinLengthValidator(16)],
        help_text="接收方用它核对签名；换了以后两边都要换",
    )
    active = models.BooleanField("启用", default=True)

    class Meta:
        verbose_name = "提醒接收地址"
        verbose_name_plural = "提醒接收地址"
        ordering = ["organisation", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "url"],
                name="webhook_once",
                violation_error_message="该机构已有这个地址 (there already)",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation} {urlsplit(self.url).netloc}"

    def clean(self) -> None:
        """Only web addresses, without a name or password in them: those would be shown to whoever looks at deliveries."""
        super().clean()
        if not is_web_address(self.url):
            raise ValidationError({"url": "应为 http:// 或 https:// 开头的地址，不含账号 (a web address)"})


def is_web_address(url: str) -> bool:
    """Whether something can be posted there."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and url.isprintable()


class Channel(models.TextChoices):
    """How a notice leaves the site."""

    MAIL = "mail", "邮件"
    WEBHOOK = "webhook", "接口"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    """Deliveries, narrowed by adjectives."""

    def waiting(self, at: dt.datetime) -> Self:
        """Those to be tried now."""
        return self.filter(next_try_at__lte=at)

    def given_up(self) -> Self:
        """Those nobody tries any more."""
        return self.filter(next_try_at=None, delivered_at=None)


class Delivery(models.Model):
    """A notice on its way to one address: tried until it is taken, or given up.

    ``next_try_at`` is None once it was delivered or given up; while somebody is at it, when it may be taken over.
    """

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries", verbose_name="提醒")
    channel = models.CharField("方式", max_length=7, choices=Channel.choices)
    webhook = models.ForeignKey(
        Webhook, models.PROTECT, null=True, blank=True, related_name="deliveries", verbose_name="接收地址"
    )
    target = models.CharField("送往", max_length=320)
    attempts = models.PositiveSmallIntegerField("已试次数", default=0)
    next_try_at = models.DateTimeField("下次再试", null=True, blank=True)
    delivered_at = models.DateTimeField("送达时间", null=True, blank=True)
    last_error = models.CharField("最近的错误", max_length=MAX_ERROR, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "提醒送达"
        verbose_name_plural = "提醒送达"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="delivery_to_be_tried"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "channel", "target"],
                name="delivery_once",
                violation_error_message="已有这份送达 (there already)",
            ),
            CheckConstraint(
                condition=Q(channel="mail", webhook=None) | Q(channel="webhook", webhook__isnull=False),
                name="delivery_by_its_channel",
                violation_error_message="接口送达应有接收地址，邮件没有 (a webhook goes with its channel)",
            ),
            CheckConstraint(
                condition=Q(delivered_at=None) | Q(next_try_at=None),
                name="delivery_done_is_not_tried",
                violation_error_message="已送达的不再试 (delivered is not tried again)",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} → {self.target}"
