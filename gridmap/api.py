"""Addresses for machines: where a point belongs, the areas, and finding places by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.gis.db.models.functions import PointOnSurface
from django.contrib.postgres.search import TrigramSimilarity
from django.db.models import Count, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from geodata.crs import COORDINATE_SYSTEMS
from gridmap import routing
from gridmap.duties import names_of, path_of, responsible_for
from gridmap.features import geojson, tiles
from gridmap.features.collection import collection
from gridmap.features.description import filter_parameters
from gridmap.features.parameters import read_accuracy, read_day, read_position, single_values
from gridmap.models import Area, Boundary, Building, Edition
from gridmap.models.ground import right_handed, said
from gridmap.problems import BadParameter, NoSuchMethod, NotFound, answer
from gridmap.serializers import BoundarySerializer, EditionSerializer, LocationSerializer, PlaceSerializer

POSITION = [
    OpenApiParameter("lon", OpenApiTypes.DOUBLE, required=True, description="经度，度"),
    OpenApiParameter("lat", OpenApiTypes.DOUBLE, required=True, description="纬度，度"),
    OpenApiParameter("coord", str, required=True, enum=COORDINATE_SYSTEMS, description="坐标系，没有默认值"),
]


@extend_schema(
    summary="一个位置归谁管",
    parameters=[
        *POSITION,
        OpenApiParameter("accuracy", OpenApiTypes.DOUBLE, description="定位精度半径，米"),
        OpenApiParameter("on", OpenApiTypes.DATE, description="按哪一天的边界，默认今天"),
    ],
    responses=LocationSerializer,
)
@api_view(["GET"])
def locate(request: Request) -> Response:
    """Say which area answers for a point on a day, how sure that is, and who the responsible people are."""
    values = single_values(request.query_params, ("lon", "lat", "coord", "accuracy", "on"))
    lon, lat = read_position(values)
    on = read_day("on", values["on"]) if "on" in values else timezone.localdate()
    found = routing.route(lon, lat, on=on, accuracy=read_accuracy(values.get("accuracy")))
    names = names_of(found.candidates, on=on)
    path = path_of(found.area, on=on)
    return Response(
        {
            "method": found.method,
            "method_name": found.method.label,
            "distance_m": round(found.distance_m, 2),
            "uncertain": found.uncertain,
            "area": path[-1] | {"path": path},
            "candidates": [{"code": code, "name": names.get(code, "")} for code in found.candidates],
            **responsible_for(found.area, on=on),
        }
    )


def reads_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of plain Django that answers GET and HEAD, and other methods with a problem."""

    @wraps(view)
    def read(request: HttpRequest, **where: Any) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return answer(NoSuchMethod(request.method), {"Allow": "GET, HEAD"})
        return view(request, **where)

    # Without this a wrong method would be answered as a forged form.
    return csrf_exempt(read)


@reads_only
def collection_geojson(request: HttpRequest, name: str) -> HttpResponse:
    """A collection as GeoJSON (RFC 7946), built in the database, with an ETag by data version."""
    return geojson.answer(request, collection(name))


@reads_only
def tile_layer(request: HttpRequest, name: str) -> HttpResponse:
    """A layer of vector tiles as TileJSON 3.0.0: where its tiles are, and what is in them."""
    return tiles.answer_description(request, tiles.tile_layer(name))


@reads_only
def tile(request: HttpRequest, name: str, z: int, x: int, y: int) -> HttpResponse:
    """A vector tile, built in the database, with an ETag by data version."""
    return tiles.answer_tile(request, tiles.tile_layer(name), z, x, y)


@extend_schema(summary="一个区域", parameters=filter_parameters({"on"}), responses=BoundarySerializer)
@api_view(["GET"])
def area(request: Request, code: str) -> Response:
    """An area with its boundary in force today (or ``on`` a day) as a GeoJSON feature."""
    values = single_values(request.query_params, ("on",))
    on = read_day("on", values["on"]) if "on" in values else timezone.localdate()
    boundary = (
        Boundary.objects.on(on)
        .select_related("area", "edition")
        .defer("geom", "geojson")
        .annotate(
            right_handed=right_handed("geom"),
            **{f"said_{name}": said(name) for name in ("name", "kind", "households", "residents")},
        )
        .filter(area=code)
        .first()
    )
    if boundary is None:
        raise NotFound(f"{on} 没有编码为 {code[:20]} 的区域 (no such area on that day)")
    return Response(BoundarySerializer(boundary).data)


@extend_schema(summary="已发布的边界版本", responses=EditionSerializer(many=True))
@api_view(["GET"])
def editions(request: Request) -> Response:
    """The published editions from the first to the last, coming ones too, and how many areas each drew and ended."""
    single_values(request.query_params, ())
    published = Edition.objects.filter(state=Edition.State.PUBLISHED).order_by("valid_from", "published_at", "pk")
    changed = _counted(Boundary.objects.filter(edition__in=published), by="edition")
    gone = _counted(Boundary.objects.gone().with_ended_by(), by="ended_by")
    return Response(
        [
            {
                "id": it.pk,
                "name": it.name,
                "valid_from": it.valid_from,
                "schematic": it.schematic,
                "changed": changed.get(it.pk, {}),
                "gone": gone.get(it.pk, {}),
            }
            for it in published
        ]
    )


def _counted(boundaries: QuerySet[Boundary], *, by: str) -> dict[int, dict[str, int]]:
    """How many boundaries there are by edition and level."""
    found: dict[int, dict[str, int]] = {}
    rows = boundaries.values_list(by, "area__level").annotate(Count("pk")).order_by(by, "area__level")
    for edition, level, number in rows:
        found.setdefault(edition, {})[level] = number
    return found


@extend_schema(
    summary="按名称或地址找地点",
    parameters=[OpenApiParameter("q", str, required=True, description="至少一个字")],
    responses=PlaceSerializer(many=True),
)
@api_view(["GET"])
def places(request: Request) -> Response:
    """Find areas and buildings by name or address; at most ten of each, the best match first."""
    values = single_values(request.query_params, ("q",))
    words = values.get("q", "")
    if not 1 <= len(words) <= 60:
        raise BadParameter("请输入 1 到 60 个字的地点名称 (1 to 60 characters)", parameter="q")
    return Response([*_buildings(words), *_areas(words)])


def _buildings(words: str) -> list[dict[str, object]]:
    rows = _ranked(Building.objects.all(), words, "name", "address")
    return [
        {"name": it.name, "detail": it.address, "kind": "building", "lon": it.point.x, "lat": it.point.y} for it in rows
    ]


def _areas(words: str) -> list[dict[str, object]]:
    rows = list(_ranked(Area.objects.exclude(level="district"), words, "name"))
    inside = dict(
        Boundary.objects.on(timezone.localdate())
        .filter(area__in=rows)
        .annotate(inside=PointOnSurface("geom"))
        .values_list("area", "inside")
    )
    return [
        {
            "name": it.name,
            "detail": it.get_level_display(),
            "kind": "area",
            "lon": inside[it.code].x,
            "lat": inside[it.code].y,
        }
        for it in rows
        if it.code in inside
    ]


def _ranked(rows: Any, words: str, *fields: str) -> Any:
    """Rows holding the words, or similar to them, best first.

    Chinese has no spaces: `ILIKE %words%` finds parts (indexed by trigrams from three characters on), similarity
    forgives a slip in longer ones.
    """
    holds = Q()
    for field in fields:
        holds |= Q(**{f"{field}__contains": words}) | Q(**{f"{field}__trigram_similar": words})
    likeness = [TrigramSimilarity(field, words) for field in fields]
    best = Greatest(*likeness, Value(0.0), output_field=FloatField())
    return rows.filter(holds).annotate(likeness=best).order_by("-likeness", F("code"))[:10]
