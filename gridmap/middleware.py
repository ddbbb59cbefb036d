"""What every answer of the site carries."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat

from gridmap.problems import TooLarge, respond

# Everything comes from the site itself; `blob:` and `data:` are pictures the page makes of a chosen photo.
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[..., HttpResponse]:
    """Middleware: let pages load from the site only."""

    def add(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", _POLICY)
        return response

    return add


def bound_length(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Middleware: refuse a request by the length it announces, before anything of it is read.

    What announces no length has no body for Django.
    """

    def bound(request: HttpRequest) -> HttpResponse:
        announced = request.META.get("CONTENT_LENGTH") or "0"
        if announced.isdigit() and int(announced) > settings.MAX_REQUEST:
            return respond(request, TooLarge(f"请求超过 {filesizeformat(settings.MAX_REQUEST)} 的上限"))
        return get_response(request)

    return bound
