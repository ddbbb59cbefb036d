"""Pictures and what pretends to be one, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'


def drawn(kind: str, width: int = 64, height: int = 48, **options: Any) -> bytes:
    """A picture with a red, a green, a blue and a white quarter, so that turning it shows."""
    picture = Image.new("RGB", (width, height), "white")
    for colour, corner in (("red", (0, 0)), ("green", (width // 2, 0)), ("blue", (0, height // 2))):
        picture.paste(colour, (*corner, corner[0] + width // 2, corner[1] + height // 2))
    written = io.BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def jpeg(width: int, height: int, **options: Any) -> bytes:
    """A JPEG of this size in pixels."""
    return drawn("JPEG", width, height, **options)


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes whose header claims to be this large, and whose pixels are not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


def upload(content: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    """The bytes as a browser sends a file."""
    return SimpleUploadedFile(name, content, content_type="image/jpeg")
