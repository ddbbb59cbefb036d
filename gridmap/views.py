"""The site's base pages: the map, signing in, and what watches over the machine asks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from gridmap.models import Edition


@require_safe
@ensure_csrf_cookie
def map_page(request: HttpRequest) -> HttpResponse:
    """The one map."""
    page: dict[str, Any] = {
        "areas": reverse("api-geojson", args=["areas"]),
        "rivers": reverse("api-geojson", args=["rivers"]),
        "locate": reverse("api-locate"),
        "editions": reverse("api-editions"),
        "today": timezone.localdate().isoformat(),
        "places": reverse("api-places"),
        "layers": [import_string(path)() for path in settings.MAP_LAYERS],
        "filters": import_string(settings.MAP_FILTERS)() if settings.MAP_FILTERS else None,
    }
    # Layers may share style sheets and scripts: each is named once, in the order they are first asked for.
    shared = {
        kind: dict.fromkeys(it for layer in page["layers"] for it in layer[kind]) for kind in ("styles", "scripts")
    }
    return render(request, "gridmap/map.html", {"page": page, "edition": _edition()} | shared)


def _edition() -> Edition | None:
    """The edition last come into force; a coming one is no answer to what holds today."""
    published = Edition.objects.filter(state=Edition.State.PUBLISHED, valid_from__lte=timezone.localdate())
    return published.order_by("-valid_from").first()


class SignIn(LoginView):
    """Sign in; in debug the demonstration accounts are listed."""

    template_name = "gridmap/sign_in.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the demonstration accounts, in debug only."""
        accounts = import_string(settings.DEMONSTRATION_ACCOUNTS)() if settings.DEBUG else []
        # LoginView has a name of its own for the site: the host's.
        return super().get_context_data(accounts=accounts, **kwargs) | {"site_name": settings.SITE_NAME}


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process can do its work: the database answers and a district is published."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM gridmap_boundary WHERE valid_from <= current_date)")
        (ready,) = cursor.fetchone()
    return JsonResponse({"status": "ready" if ready else "no district loaded"}, status=200 if ready else 503)
