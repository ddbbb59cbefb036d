"""What comes in as JSON, read within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from gridmap.problems import TooLarge


class BoundedJSONParser(JSONParser):
    """JSON no longer than a form may be, and not nested beyond what the interpreter can follow.

    Django bounds forms by ``DATA_UPLOAD_MAX_MEMORY_SIZE``; the framework's parser reads JSON of any length into
    memory.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Read the body; raises :class:`TooLarge` and ``ParseError``."""
        length = (parser_context or {})["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise TooLarge()
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("nested too deep") from None
