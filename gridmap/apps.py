"""How the registry presents itself to Django."""

from django.apps import AppConfig


class GridmapConfig(AppConfig):
    """The registry and the site."""

    name = "gridmap"
    verbose_name = "网格登记"
