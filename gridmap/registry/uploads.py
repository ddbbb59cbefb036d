"""An uploaded file of areas, read as one that comes from outside."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from django.core.files.uploadedfile import UploadedFile

from geodata.areas import Areas
from geodata.reading import BadFile, Limits, NoSystemNamed, read_areas
from gridmap.problems import Unprocessable

# What a page waits for, and a process of the site bears; the command takes more.
LIMITS = Limits(features=80_000, vertices=4_000_000, unpacked_bytes=512 * 1024 * 1024)
MAX_STEM = 60


def areas_in(
    upload: UploadedFile[bytes], *, coord: str = "", code_field: str = "", name_field: str = "", layer: str = ""
) -> Areas:
    """The areas of an uploaded file; empty words leave it to the file. Raises :class:`Unprocessable` with the reason."""
    with tempfile.TemporaryDirectory(prefix="areas-") as folder:
        path = Path(folder) / file_name(upload.name or "")
        with path.open("wb") as kept:
            for chunk in upload.chunks():
                kept.write(chunk)
        try:
            return read_areas(
                path,
                coord=coord or None,
                code_field=code_field or None,
                name_field=name_field or None,
                layer=layer or None,
                limits=LIMITS,
            )
        except BadFile as error:
            about = "coord" if isinstance(error, NoSystemNamed) else "file"
            raise Unprocessable(str(error), parameter=about) from None


def file_name(given: str) -> str:
    """The name as its owner knows it, as far as it is safe to write a file by."""
    name = Path(re.sub(r"[\x00-\x1f/\\:]+", "_", given))
    return (name.stem[:MAX_STEM].strip(". ") or "file") + name.suffix[:12]
