"""Which static files are served and collected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder


class ChosenFiles(FileSystemFinder):
    """Files of ``STATICFILES_DIRS``; of a package that ``STATICFILES_ONLY`` names, those it lists and no others."""

    def list(self, ignore_patterns: Any) -> Iterator[Any]:
        """Pairs of path and storage, for collecting."""
        return (it for it in super().list(ignore_patterns) if self._is_served(it[1].prefix, it[0]))

    def find_location(self, root: str, path: str, prefix: str | None = None) -> str | None:
        """Where a file lies, for serving."""
        within = path.removeprefix(f"{prefix}/") if prefix else path
        return super().find_location(root, path, prefix) if self._is_served(prefix, within) else None

    @staticmethod
    def _is_served(prefix: str | None, path: str) -> bool:
        only = settings.STATICFILES_ONLY.get(prefix or "")
        return only is None or path in only
