"""Addresses for machines about cases."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from cases import actions, photos
from cases.actions.handling import WORDS, Given
from cases.actions.once import HEADER, KEY, read_key
from cases.answers import (
    CaseSerializer,
    CellsSerializer,
    ProcessSerializer,
    SimilarCaseSerializer,
    SummarySerializer,
    SurveyTakenSerializer,
    VoicesSerializer,
)
from cases.cells import MAX_ZOOM, cells
from cases.course import usable, whole_case
from cases.deadlines import Limit, Unit
from cases.features import CASES
from cases.inputs import ActionInput, ReportInput, SurveyInput, VoiceInput, marks_of
from cases.models import Case
from cases.process import process as describe_process
from cases.rules import RULES
from cases.serializers import (
    AcceptedSerializer,
    CategorySerializer,
    accepted,
    category_tree,
    full_view,
    public_view,
    step_of,
    survey_view,
)
from cases.summary import headline
from gridmap.api import POSITION
from gridmap.duties import Standing, standing_for
from gridmap.features.description import filter_parameters
from gridmap.features.parameters import read_filters, read_position, read_word, single_values, stored_position
from gridmap.problems import BadParameter, Forbidden, NotFound, SignInNeeded

COUNTED_BY = CASES.parameters - {"limit", "after", "bbox"}
ZOOMS = frozenset(str(zoom) for zoom in range(MAX_ZOOM + 1))


@extend_schema(summary="类别树", responses=CategorySerializer(many=True))
@api_view(["GET"])
def categories(request: Request) -> Response:
    """The category tree: code, name, children, limit."""
    single_values(request.query_params, ())
    return Response(category_tree(at=timezone.localtime()))


@extend_schema(summary="上报事项", request=ReportInput, responses={201: AcceptedSerializer, 200: AcceptedSerializer})
@api_view(["POST"])
def report(request: Request) -> Response:
    """Report a case; the same ``client_id`` again answers 200 with the same receipt."""
    given = ReportInput(data=request.data)
    given.is_valid(raise_exception=True)
    if given.validated_data["channel"] == Case.Channel.PATROL and not caller(request).roles:
        raise Forbidden(
            "“网格巡查”只能由在岗人员登录后上报 (a patrol is reported by somebody in post)", parameter="channel"
        )
    case, new = actions.report(_report(given.validated_data), by=request.user, at=timezone.localtime())
    return Response(accepted(case), status=201 if new else 200)


def _report(data: dict[str, Any]) -> actions.Report:
    lon, lat = stored_position(data["lon"], data["lat"], data["coord"])
    reporter = data["reporter"] or {}
    return actions.Report(
        client_id=data["client_id"],
        category=data["category"],
        text=data["text"],
        lon=lon,
        lat=lat,
        coord=data["coord"],
        channel=data["channel"],
        kind=data["kind"],
        accuracy=data["accuracy"],
        address=data["address"],
        occurred_at=data["occurred_at"],
        reporter_name=reporter.get("name", ""),
        reporter_phone=reporter.get("phone", ""),
        pictures=photos.read_all(data["photos"]),
    )


@extend_schema(
    summary="附近类似的未结事项",
    parameters=[*POSITION, OpenApiParameter("category", str)],
    responses=SimilarCaseSerializer(many=True),
)
@api_view(["GET"])
def similar(request: Request) -> Response:
    """Open cases within 50 m, nearest first: what somebody may be about to report again.

    Only what anybody may know is shown, and nothing of a category whose places are kept back.
    """
    values = single_values(request.query_params, ("lon", "lat", "coord", "category"))
    lon, lat = read_position(values)
    # Where nothing is kept back the public point is the exact one.
    near: Any = Case.objects.open().filter(category__sensitive=False)
    if "category" in values:
        near = near.filter(category__code__startswith=read_word("category", values["category"]))
    found: Any = (
        near.near(lon, lat, within_m=RULES.repeat_within_m, place="public_point")
        .select_related("category", "area", "current_area", "merged_into")
        .order_by("distance")[:20]
    )
    return Response([public_view(case) | {"distance_m": round(case.distance.m, 1)} for case in found])


@extend_schema(summary="附议：同一件事", request=VoiceInput, responses={200: VoicesSerializer, 201: VoicesSerializer})
@api_view(["POST"])
def voices(request: Request, number: str) -> Response:
    """Say that it is the same; counted once per ``client_id``."""
    given = VoiceInput(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    case, new = actions.add_voice(number, data["client_id"], data["text"], at=timezone.localtime())
    return Response(
        {"number": case.number, "voices": case.voices_count, "step": step_of(case.state)},
        status=201 if new else 200,
    )


@extend_schema(summary="满意度评价：凭查询码", request=SurveyInput, responses=SurveyTakenSerializer)
@api_view(["POST"])
def survey(request: Request, number: str) -> Response:
    """Say whether a closed case was solved and how satisfied one is; again within 30 days replaces it."""
    given = SurveyInput(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    answer, until = actions.answer_survey(number, data.pop("code"), actions.Opinion(**data), at=timezone.localtime())
    return Response({"number": number, "until": timezone.localtime(until).isoformat()} | survey_view(answer))


def caller(request: HttpRequest | Request) -> Standing:
    """What the one who asks is today."""
    return standing_for(request)


def case_for(number: str, standing: Standing) -> tuple[Case, bool]:
    """A case and whether this caller may read it whole."""
    case = Case.objects.select_related("category", "area", "current_area", "merged_into").filter(number=number).first()
    if case is None:
        raise NotFound(f"没有找到事项 {number[:20]} (no such case)")
    return case, Case.objects.filter(pk=case.pk).visible_to(standing).exists()


@extend_schema(summary="一件事项", responses=CaseSerializer)
@api_view(["GET"])
def case(request: Request, number: str) -> Response:
    """A case as this caller may see it, with the actions this caller may take now."""
    single_values(request.query_params, ())
    return Response(_view(number, caller(request), request))


def _view(number: str, standing: Standing, request: Request) -> dict[str, Any]:
    found, whole = case_for(number, standing)
    if not whole:
        return public_view(found) | {"actions": []}
    read, course = whole_case(found.pk)
    return full_view(read, usable(read, course, standing, request.user.pk, at=timezone.now()))


@extend_schema(
    summary="对事项采取一步行动",
    parameters=[
        OpenApiParameter(
            HEADER,
            {"type": "string", "pattern": KEY},
            OpenApiParameter.HEADER,
            description="办理标识，由调用方生成，如 UUID。同一标识、同样内容再发一次，只办一次，仍答 200 和事项现状；"
            "用于别的内容答 409。",
        )
    ],
    request=ActionInput,
    responses={200: CaseSerializer},
)
@api_view(["POST"])
def act(request: Request, number: str, verb: str) -> Response:
    """Use a verb of the process on a case; answers the case after it."""
    if not request.user.is_authenticated:
        raise SignInNeeded("请先登录 (sign in first)")
    key = read_key(request.headers.get(HEADER))
    given = ActionInput(data=request.data)
    given.is_valid(raise_exception=True)
    data = given.validated_data
    standing = caller(request)
    pictures = photos.read_all(data["photos"])
    actions.act(
        number,
        verb,
        Given(
            **{name: data[name] for name in WORDS},
            assisting=data["assisting"],
            limit=_limit(data),
            place=_place(data),
            marks=marks_of(data["marks"]),
            pictures=pictures,
        ),
        by=request.user,
        standing=standing,
        at=timezone.localtime(),
        key=key,
    )
    return Response(_view(number, standing, request))


def _place(data: dict[str, Any]) -> tuple[float, float] | None:
    if data["lon"] is None and data["lat"] is None:
        return None
    for name in ("lon", "lat", "coord"):
        if data[name] is None:
            raise BadParameter(f"缺少 {name} (missing)", parameter=name)
    return stored_position(data["lon"], data["lat"], data["coord"])


def _limit(data: dict[str, Any]) -> Limit | None:
    return Limit(data["limit_amount"], Unit(data["limit_unit"])) if data["limit_amount"] is not None else None


@extend_schema(
    summary="按地图格子计数的事项",
    parameters=[
        OpenApiParameter("zoom", int, required=True, description="地图缩放级别,0 到 19 的整数"),
        *filter_parameters(CASES.parameters - {"limit", "after"}),
    ],
    responses=CellsSerializer,
)
@api_view(["GET"])
def cell_counts(request: Request) -> Response:
    """Cases counted by cells of 64 pixels at a zoom: all of them, however many there are."""
    given = request.query_params.copy()
    zooms = given.pop("zoom", [])
    if len(zooms) != 1 or zooms[0] not in ZOOMS:
        raise BadParameter(f"参数 zoom 应为 0 到 {MAX_ZOOM} 的整数，给一次 (an integer, once)", parameter="zoom")
    filters = read_filters(given, CASES.parameters - {"limit", "after"}, own=CASES.readers)
    return Response({"cells": cells(filters, zoom=int(zooms[0]), now=timezone.now())})


@extend_schema(summary="办理流程：状态、步骤、办理、角色", responses=ProcessSerializer)
@api_view(["GET"])
def process(request: Request) -> Response:
    """The process as data: a client need not know it by heart."""
    single_values(request.query_params, ())
    return Response(describe_process())


@extend_schema(
    summary="主要数字",
    parameters=filter_parameters(COUNTED_BY),
    responses=SummarySerializer,
)
@api_view(["GET"])
def summary(request: Request) -> Response:
    """Headline figures, every rate with its numerator and denominator."""
    filters = read_filters(request.query_params, COUNTED_BY, own=CASES.readers)
    return Response(headline(filters, now=timezone.now()))
