"""Addresses of the site."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from gridmap import api, views

handler404 = "gridmap.problems.not_found"

urlpatterns: list[URLPattern | URLResolver] = [
    # pages
    path("", views.map_page, name="map"),
    path("sign-in/", views.SignIn.as_view(), name="sign-in"),
    path("sign-out/", LogoutView.as_view(), name="sign-out"),
    path("admin/", admin.site.urls),
    path("registry/", include("gridmap.registry.edition_urls")),
    path("registry/", include("gridmap.registry.urls")),
    path("registry/editions/<int:pk>/", include("gridmap.registry.drawing_urls")),
    # machines
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("api/v1/locate", api.locate, name="api-locate"),
    path("api/v1/places", api.places, name="api-places"),
    path("api/v1/editions", api.editions, name="api-editions"),
    path("api/v1/areas/<str:code>", api.area, name="api-area"),
    path("tiles/<str:name>.json", api.tile_layer, name="tile-layer"),
    path("tiles/<str:name>/<int:z>/<int:x>/<int:y>.mvt", api.tile, name="tile"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include("cases.urls")),
    # The collections the settings name, after the addresses of those made otherwise.
    path("api/v1/<str:name>.geojson", api.collection_geojson, name="api-geojson"),
]
