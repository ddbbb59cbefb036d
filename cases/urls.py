"""Addresses of the cases, below the root."""

from functools import partial

from django.urls import path

from cases import api, desk_pages, map_api, review_pages, views
from cases.map_report.download import download
from cases.overdue import OVERDUE_SUMS
from cases.sheets import COUNTS, COVERAGE, GROUND
from gridmap.api import reads_only
from gridmap.features import areal

urlpatterns = [
    # /api/v1/
    path("api/v1/categories", api.categories, name="api-categories"),
    path("api/v1/cases", api.report, name="api-cases"),
    path("api/v1/cases/similar", api.similar, name="api-similar"),
    path("api/v1/cases/cells", api.cell_counts, name="api-cells"),
    path("api/v1/cases/<str:number>", api.case, name="api-case"),
    path("api/v1/cases/<str:number>/voices", api.voices, name="api-voices"),
    path("api/v1/cases/<str:number>/survey", api.survey, name="api-survey"),
    path("api/v1/cases/<str:number>/actions/<str:verb>", api.act, name="api-act"),
    path("api/v1/process", api.process, name="api-process"),
    path("api/v1/summary", api.summary, name="api-summary"),
    # /api/v1/, for maps
    *(
        path(f"api/v1/{it.id}", reads_only(partial(areal.answer, shown=it)), name=f"api-{it.id}")
        for it in (COUNTS, COVERAGE, GROUND, OVERDUE_SUMS)
    ),
    path("api/v1/density", reads_only(map_api.density_surface), name="api-density"),
    path("api/v1/hotspots", reads_only(map_api.hot_spots), name="api-hotspots"),
    path("api/v1/review", reads_only(review_pages.figures), name="api-review"),
    path(
        "api/v1/hotspots.geojson",
        reads_only(partial(map_api.hot_spots, as_geojson=True)),
        name="api-hotspots-geojson",
    ),
    *(
        path(
            f"api/v1/{it.id}.geojson",
            reads_only(partial(areal.answer_geojson, shown=it)),
            name=f"api-{it.id}-geojson",
        )
        for it in (COUNTS, COVERAGE, GROUND)
    ),
    # pages
    path("review/", reads_only(review_pages.page), name="review"),
    path("review/report.html", reads_only(download), name="review-report"),
    path("report/", views.report, name="report"),
    path("track/", views.track, name="track"),
    path("track/qr.svg", views.track_qr, name="track-qr"),
    path("track/survey/", views.survey, name="track-survey"),
    path("desk/", desk_pages.desk, name="desk"),
    path("desk/live", desk_pages.live, name="desk-live"),
    path("desk/dispatch/", desk_pages.dispatch, name="desk-dispatch"),
    path("desk/cases.csv", desk_pages.as_csv, name="desk-csv"),
    path("desk/cases.geojson", desk_pages.as_geojson, name="desk-geojson"),
    path("desk/notices/read/", desk_pages.read_notices, name="desk-notices-read"),
    path("cases/<str:number>/", views.case, name="case"),
    path("cases/<str:number>/reporter/", views.reporter, name="case-reporter"),
    path("cases/<str:number>/letters/<int:pk>/", views.letter, name="case-letter"),
    path("cases/<str:number>/photos/<int:pk>/", views.photo, name="case-photo"),
    path("cases/<str:number>/<str:verb>/", views.act, name="case-act"),
]
