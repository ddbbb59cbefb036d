"""The second-level grids as djangorestframework-gis gives them: a serializer for the model and a list view."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework_gis.serializers import GeoFeatureModelSerializer

from gridmap.models import Boundary


class GridSerializer(GeoFeatureModelSerializer):  # type: ignore[misc]
    """A grid with the same properties as ours."""

    code = serializers.CharField(source="area_id")
    name = serializers.CharField(source="area.name")
    level = serializers.CharField(source="area.level")
    kind = serializers.CharField(source="area.kind")
    parent = serializers.CharField(source="area.parent_id")
    urban = serializers.BooleanField(source="area.urban")
    households = serializers.IntegerField(source="area.households")
    residents = serializers.IntegerField(source="area.residents")
    enterprises = serializers.IntegerField(source="area.enterprises")
    party_members = serializers.IntegerField(source="area.party_members")
    complexity = serializers.IntegerField(source="area.complexity")
    size_waiver = serializers.CharField(source="area.size_waiver")
    edition = serializers.CharField(source="edition.name")
    schematic = serializers.BooleanField(source="edition.schematic")

    class Meta:
        model = Boundary
        geo_field = "geom"
        id_field = "code"
        fields = (
            "code",
            "name",
            "level",
            "kind",
            "parent",
            "urban",
            "households",
            "residents",
            "enterprises",
            "party_members",
            "complexity",
            "size_waiver",
            "area_m2",
            "edition",
            "schematic",
            "valid_from",
        )


class Grids(ListAPIView[Boundary]):
    """All second-level grids in force, in one answer."""

    serializer_class = GridSerializer

    def get_queryset(self) -> QuerySet[Any]:
        """Joined in one statement, without the text only we need."""
        return (
            Boundary.objects.on(timezone.localdate())
            .filter(area__level="grid")
            .select_related("area", "edition")
            .defer("geojson")
            .order_by("area_id")
        )
