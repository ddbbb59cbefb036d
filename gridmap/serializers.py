"""Shapes of what the registry's addresses answer, for the OpenAPI description."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework_gis.serializers import GeoFeatureModelSerializer, GeometryField

from gridmap.models import Boundary
from gridmap.routing import Method


class AreaRefSerializer(serializers.Serializer[Any]):
    """An area by code and name."""

    code = serializers.CharField()
    name = serializers.CharField()


class PathAreaSerializer(AreaRefSerializer):
    """An area on the way down from the district."""

    level = serializers.CharField()


class LocatedAreaSerializer(PathAreaSerializer):
    """The area found, with its path."""

    path = PathAreaSerializer(many=True)


class PersonInPostSerializer(serializers.Serializer[Any]):
    """Somebody who answers for the place."""

    name = serializers.CharField()
    role = serializers.CharField()
    role_name = serializers.CharField()
    phone = serializers.CharField()
    area = serializers.CharField()


class PartySerializer(AreaRefSerializer):
    """A party organisation of the place."""

    kind = serializers.CharField()


class LocationSerializer(serializers.Serializer[Any]):
    """Where a point belongs and who answers for it."""

    method = serializers.ChoiceField(Method.choices)
    method_name = serializers.CharField()
    distance_m = serializers.FloatField(help_text="到决定归属的界线的距离，米 (CGCS2000 三度带平面)")
    uncertain = serializers.BooleanField()
    area = LocatedAreaSerializer()
    candidates = AreaRefSerializer(many=True)
    people = PersonInPostSerializer(many=True)
    party = PartySerializer(many=True)
    centre = serializers.CharField()


class PlaceSerializer(serializers.Serializer[Any]):
    """A place found by name; longitude and latitude in CGCS2000 degrees."""

    name = serializers.CharField()
    detail = serializers.CharField()
    kind = serializers.ChoiceField(["area", "building"])
    lon = serializers.FloatField()
    lat = serializers.FloatField()


class EditionSerializer(serializers.Serializer[Any]):
    """A published edition of boundaries."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    valid_from = serializers.DateField(help_text="从这一天起施行")
    schematic = serializers.BooleanField(help_text="边界为示意，不作为法定界线")
    changed = serializers.DictField(
        child=serializers.IntegerField(), help_text="这一版划定了多少个区域的边界，按层级；没有的层级不列"
    )
    gone = serializers.DictField(
        child=serializers.IntegerField(), help_text="这一版撤销了多少个区域，按层级；没有的层级不列"
    )


class BoundarySerializer(GeoFeatureModelSerializer):
    """One area and its boundary as a feature; whole collections are built in SQL instead.

    Annotated by the view: ``right_handed``, the boundary with its rings as RFC 7946 wants them, and ``said_…``, what
    the registry said of the area in the boundary's days.
    """

    id = serializers.CharField(source="area_id")
    name = serializers.CharField(source="said_name")
    level = serializers.CharField(source="area.level")
    kind = serializers.CharField(source="said_kind")
    parent = serializers.CharField(source="area.parent_id", allow_null=True)
    households = serializers.IntegerField(source="said_households")
    residents = serializers.IntegerField(source="said_residents")
    schematic = serializers.BooleanField(source="edition.schematic")
    geom = GeometryField(source="right_handed", precision=7)

    class Meta:
        model = Boundary
        geo_field = "geom"
        id_field = "id"
        fields = (
            "id",
            "name",
            "level",
            "kind",
            "parent",
            "households",
            "residents",
            "area_m2",
            "schematic",
            "valid_from",
            "valid_until",
        )
