"""Addresses of the overview and of editions, below /registry/."""

from django.urls import URLPattern, path

from gridmap.registry import acts, edition, editions, overview

EDITION = "editions/<int:pk>/"

urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="registry"),
    path("editions/", editions.editions, name="registry-editions"),
    path("editions/import/", editions.import_file, name="registry-import"),
    path("editions/copy/", editions.copy, name="registry-copy"),
    # one edition
    path(EDITION, edition.edition, name="registry-edition"),
    path(f"{EDITION}findings.geojson", edition.findings_geojson, name="registry-findings"),
    path(f"{EDITION}changes.geojson", edition.changes_geojson, name="registry-changes"),
    path(f"{EDITION}describe/", acts.describe, name="registry-describe"),
    path(f"{EDITION}repair/", acts.repair, name="registry-repair"),
    path(f"{EDITION}steps/undo/", acts.undo, name="registry-undo"),
    path(f"{EDITION}abandon/", acts.abandon, name="registry-abandon"),
    path(f"{EDITION}propose/", acts.propose, name="registry-propose"),
    path(f"{EDITION}lineage/", acts.set_lineage, name="registry-lineage"),
    path(f"{EDITION}lineage/<int:row>/remove/", acts.remove_lineage, name="registry-lineage-remove"),
    path(f"{EDITION}staffing/", acts.set_staffing, name="registry-staffing"),
    path(f"{EDITION}staffing/excuse/", acts.excuse, name="registry-excuse"),
    path(f"{EDITION}approve/", acts.approve, name="registry-approve"),
    path(f"{EDITION}withdraw/", acts.withdraw, name="registry-withdraw"),
    path(f"{EDITION}publish/", acts.publish, name="registry-publish"),
    path(f"{EDITION}reroute/", acts.reroute, name="registry-reroute"),
]
