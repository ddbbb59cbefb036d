"""How the cases present themselves to Django."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Reports, their handling and their trace."""

    name = "cases"
    verbose_name = "事项"
