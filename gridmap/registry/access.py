"""Who gets through the registry's doors: keepers only, and each act by the one table of :mod:`gridmap.editions.keepers`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse

from gridmap.duties import Standing, standing_for
from gridmap.editions import keepers
from gridmap.editions.keepers import Act
from gridmap.models import Edition
from gridmap.problems import Forbidden, NotFound

View = Callable[..., HttpResponse]


class KeeperRequest(HttpRequest):
    """A request of somebody who keeps the registry, with what they are today."""

    user: User
    standing: Standing


def keepers_only(view: View) -> View:
    """Ask whoever is not signed in to do so; refuse whoever has nothing to do with editions."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not keepers.keeps_any(standing_for(request), request.user):
            raise Forbidden("登记由区和镇街网格中心的人员办理 (for the keepers of the registry)")
        return view(request, *args, **kwargs)

    return login_required(guarded)


def edition_of(pk: int) -> Edition:
    """An edition by its number; raises :class:`NotFound`."""
    edition = Edition.objects.select_related("created_by", "approved_by").filter(pk=pk).first()
    if edition is None:
        raise NotFound("没有这个边界版本 (no such edition)")
    return edition


def for_act(request: KeeperRequest, pk: int, act: Act) -> Edition:
    """The edition, for somebody who may do this with it; raises :class:`Forbidden` with the reason otherwise."""
    edition = edition_of(pk)
    reason = keepers.refusal(act, request.standing, request.user, edition)
    if reason is not None:
        raise Forbidden(reason)
    return edition
