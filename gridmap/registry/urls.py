"""Addresses of the registry."""

from django.urls import URLPattern, path

from gridmap.registry import balance, rosters

urlpatterns: list[URLPattern] = [
    path("balance/", balance.balance, name="registry-balance"),
    path("rosters/", rosters.rosters, name="registry-rosters"),
    path("rosters/<str:kind>/", rosters.roster, name="registry-roster"),
    path("rosters/<str:kind>/template.xlsx", rosters.roster_template, name="registry-roster-template"),
    path("rosters/<str:kind>/registered.xlsx", rosters.roster_registered, name="registry-roster-registered"),
    path("rosters/<str:kind>/<uuid:key>/", rosters.roster_import, name="registry-roster-import"),
]
