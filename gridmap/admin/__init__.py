"""The registry in the admin: what people keep up by hand, and history to look at."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin

from gridmap.admin import ground, organisations, people, powers

__all__ = ["ground", "organisations", "people", "powers"]

admin.site.site_header = admin.site.site_title = f"{settings.SITE_NAME} · 后台管理"
admin.site.index_title = "登记与查阅"
