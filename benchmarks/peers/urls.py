"""The site's addresses and the peers'."""

from django.urls import include, path

from benchmarks.peers.drf_gis import Grids

urlpatterns = [path("peers/drf-gis", Grids.as_view()), path("", include("gridmap.urls"))]
