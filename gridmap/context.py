"""What every page's template may use."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from gridmap.duties import standing_for
from gridmap.editions.keepers import keeps_any


def site(request: HttpRequest) -> dict[str, object]:
    """The site's name."""
    return {"site_name": settings.SITE_NAME}


def registry(request: HttpRequest) -> dict[str, object]:
    """Whether the user keeps the registry; asked of the database only where a page uses it."""
    user = getattr(request, "user", None)  # a request refused early has none

    def keeps() -> bool:
        return user is not None and keeps_any(standing_for(request), user)

    return {"keeps_registry": SimpleLazyObject(keeps)}
