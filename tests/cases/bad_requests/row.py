"""One bad request with the answer it deserves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

BAD = "bad-parameter"
LEFT_OUT = object()
DEEP = "[" * 100_000


@dataclass(frozen=True)
class Row:
    """One bad request and its answer. ``{number}`` in an address stands for an open case, ``{place}`` for a place."""

    name: str
    path: str
    status: int
    code: str = BAD
    parameter: str = ""
    method: str = "GET"
    json: Any = None
    changes: Mapping[str, Any] | None = None  # a good report, changed
    body: bytes | str | None = None
    content_type: str = "application/json"
    photos: tuple[SimpleUploadedFile, ...] = ()
    signed_in: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    says: str = ""  # part of the sentence


def asked(path: str, *pairs: tuple[str, str]) -> list[Row]:
    """Questions with one bad parameter each."""
    return [
        Row(f"{path.split('?')[0]} {name}={value[:30]}", f"{path}{name}={value}", 400, BAD, name)
        for name, value in pairs
    ]
