"""Addresses of drawing in a draft, below /registry/editions/<pk>/."""

from django.urls import path, re_path

from gridmap.registry import drawing

urlpatterns = [
    path("draw/", drawing.draw, name="registry-draw"),
    path("draft.geojson", drawing.draft_geojson, name="registry-draft-geojson"),
    re_path(rf"^edits/(?P<kind>{'|'.join(drawing.EDITS)})$", drawing.edit, name="registry-draw-edit"),
    path("undo", drawing.undo, name="registry-draw-undo"),
]
