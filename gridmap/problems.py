"""What can go wrong with a request, said so that a person understands; RFC 9457 for machines.

Views and actions raise a :class:`Problem`; nobody else builds an error answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from rest_framework import exceptions as rest
from rest_framework.response import Response

MEDIA_TYPE = "application/problem+json"
# Addresses that answer machines; everything else answers people with a page.
MACHINE_PREFIXES = ("/api/", "/tiles/", "/exports/", "/ogc/", "/open311/", "/readyz")
# What a connection raises that is refused, broken or broken already, or whose statement was given up: for a while.
DATABASE_AWAY = (OperationalError, InterfaceError)
RETRY_AFTER_S = 5
logger = logging.getLogger(__name__)


class Problem(Exception):
    """A request that cannot be carried out; the message is for the person who sent it."""

    status: int = 400
    code: str = "bad-request"
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __init__(self, detail: str, *, parameter: str = "", **more: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.parameter = parameter
        self.more = more

    def body(self) -> dict[str, Any]:
        """The problem as RFC 9457 says it."""
        body: dict[str, Any] = {
            "type": f"about:blank#{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.parameter:
            body["parameter"] = self.parameter
        return body | self.more


class BadParameter(Problem):
    """A parameter that is unknown or cannot be read."""

    status = 400
    code = "bad-parameter"


class NotFound(Problem):
    """No such thing, or none this caller may know of."""

    status = 404
    code = "not-found"


class Forbidden(Problem):
    """This caller may not do this."""

    status = 403
    code = "forbidden"


class SignInNeeded(Problem):
    """Nobody is signed in."""

    status = 401
    code = "sign-in-needed"


class Conflict(Problem):
    """The thing is no longer in the state this was meant for."""

    status = 409
    code = "conflict"


class Unprocessable(Problem):
    """The request can be read but its content cannot be accepted."""

    status = 422
    code = "unprocessable"


class NoSuchMethod(Problem):
    """The address does not take this HTTP method."""

    status = 405
    code = "method-not-allowed"

    def __init__(self, method: str | None) -> None:
        super().__init__(f"这个地址不接受 {method} 请求 (method not allowed)")


class TooLarge(Problem):
    """The request is longer than anything this site asks for."""

    status = 413
    code = "too-large"

    def __init__(self, sentence: str = "请求内容过大") -> None:
        super().__init__(f"{sentence} (the request is too large)")


class Unavailable(Problem):
    """The site cannot do its work for a moment; whether what was sent is done nobody can say."""

    status = 503
    code = "unavailable"
    headers = MappingProxyType({"Retry-After": str(RETRY_AFTER_S)})

    def __init__(self) -> None:
        super().__init__(
            "系统暂时不可用，刚才这一步不一定办成了，请稍等片刻再试 (unavailable for a moment, please try again)"
        )


def answer(problem: Problem, headers: dict[str, str] | None = None) -> JsonResponse:
    """The problem as an HTTP answer for machines."""
    return JsonResponse(
        problem.body(),
        status=problem.status,
        content_type=MEDIA_TYPE,
        json_dumps_params={"ensure_ascii": False},
        headers={**problem.headers, **(headers or {})},
    )


def _page(request: HttpRequest, problem: Problem) -> HttpResponse:
    # Who is signed in would be asked of the database that is away: the page then knows nobody.
    known = None if isinstance(problem, Unavailable) else request
    context = {"status": problem.status, "detail": problem.detail, "site_name": settings.SITE_NAME}
    page = render(known, "gridmap/problem.html", context, status=problem.status)
    for name, value in problem.headers.items():
        page[name] = value
    return page


class answer_problems:  # noqa: N801  middleware reads as a function in the settings
    """Middleware: turn a raised problem into an answer, for machines or for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on; exceptions come by :meth:`process_exception`."""
        if "\x00" in request.path:
            # Nothing can have such a name, and PostgreSQL cannot even be asked.
            return not_found(request, Http404())
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer what we know; leave the rest to Django, which logs it."""
        problem = _as_problem(exception)
        return None if problem is None else respond(request, problem)


def respond(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem for whoever asked: a machine or a person."""
    if request.path.startswith(MACHINE_PREFIXES):
        return answer(problem)
    return _page(request, problem)


def _as_problem(exception: Exception) -> Problem | None:
    if isinstance(exception, Problem):
        return exception
    if isinstance(exception, PermissionDenied):
        return Forbidden("您没有权限进行这项操作 (not allowed)")
    if isinstance(exception, Http404):
        return NotFound("没有找到您要的内容 (not found)")
    if isinstance(exception, RequestDataTooBig):
        return TooLarge()
    if isinstance(exception, SuspiciousOperation):
        return Problem("请求不合规范，无法处理 (the request is not well formed)")
    if isinstance(exception, DATABASE_AWAY):
        logger.error("the database did not do it: %s", exception, exc_info=exception)
        return Unavailable()
    return None


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Root handler for addresses that match nothing."""
    return respond(request, NotFound("没有这个地址 (no such address)"))


def rest_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer exceptions of REST views in the same form."""
    if isinstance(exception, rest.ValidationError):
        field, sentence = _first_message(exception.detail)
        problem: Problem | None = BadParameter(sentence, parameter=field)
    elif isinstance(exception, rest.APIException):
        code = exception.default_code.replace("_", "-")
        problem = Problem(_SENTENCES.get(code, "请求无法处理:{}").format(exception.detail))
        problem.status, problem.code = exception.status_code, code
    else:
        problem = _as_problem(exception)
    if problem is None:
        return None
    return Response(problem.body(), status=problem.status, content_type=MEDIA_TYPE, headers=dict(problem.headers))


# The framework's own sentences are partly untranslated; what it found stands behind ours.
_SENTENCES = {
    "method-not-allowed": "这个地址不接受这种请求方法 ({})",
    "not-acceptable": "没有您要求的应答格式，可用 application/json ({})",
    "parse-error": "请求内容无法解析 ({})",
    "permission-denied": "请求未被允许，请刷新页面后再试 ({})",
    "unsupported-media-type": "不支持这种内容类型，请用 application/json 或 multipart/form-data ({})",
}


def _first_message(detail: Any, field: str = "") -> tuple[str, str]:
    """The first field at fault and its sentence."""
    if isinstance(detail, dict):
        name, inner = next(iter(detail.items()))
        return _first_message(inner, field if name == "non_field_errors" or isinstance(name, int) else str(name))
    if isinstance(detail, list):
        return _first_message(detail[0], field)
    return field, str(detail)
