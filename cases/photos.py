"""Pictures people send: checked, turned upright, made smaller, re-encoded, and stripped of everything else.

Untrusted bytes never reach the disk. What is stored is a JPEG we made ourselves from the pixels, under a name that
is the hash of its content, so that sending the same picture twice stores it once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.Image import Transpose

from cases.models import Case, Photo
from gridmap.problems import Unprocessable

MAX_PHOTOS = 6
MAX_BYTES = 12 * 1024 * 1024
# A JPEG is scaled down while it is decoded; the others fill the memory with every pixel they have.
MAX_PIXELS = {"JPEG": 50_000_000, "PNG": 25_000_000, "WEBP": 25_000_000}
LONGEST_SIDE = 1600
ACCEPTED = ("JPEG", "PNG", "WEBP")
# What brings a picture upright again, by EXIF orientation (CIPA DC-008, 4.6.4.A); 1 is upright.
TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


class Upload(Protocol):
    """An uploaded file, as Django gives it."""

    name: str | None
    size: int | None
    file: BinaryIO

    def read(self, size: int = ...) -> bytes:
        """Read bytes."""
        ...


@dataclass(frozen=True)
class Picture:
    """A picture ready to be kept: JPEG bytes, their hash, and width × height in pixels."""

    jpeg: bytes
    digest: str
    width: int
    height: int

    @property
    def path(self) -> str:
        """Where it is kept, spread over 256 folders."""
        return f"photos/{self.digest[:2]}/{self.digest}.jpg"


def read_all(uploads: Sequence[Upload]) -> list[Picture]:
    """Read up to six pictures; raises :class:`Unprocessable` naming the first that will not do."""
    if len(uploads) > MAX_PHOTOS:
        raise Unprocessable(
            f"最多上传 {MAX_PHOTOS} 张照片，收到 {len(uploads)} 张 (too many photos)", parameter="photos"
        )
    return [read(upload) for upload in uploads]


def read(upload: Upload) -> Picture:
    """Read one picture; raises :class:`Unprocessable` when it is none, too large, or a bomb."""
    name = (upload.name or "photo")[:60]
    if (upload.size or 0) > MAX_BYTES:
        raise Unprocessable(f"照片 {name} 超过 {MAX_BYTES // 1024 // 1024} MB (photo too large)", parameter="photos")
    try:
        return re_encode(io.BytesIO(upload.read()))
    except (TooManyPixels, Image.DecompressionBombError):
        raise Unprocessable(f"照片 {name} 的尺寸过大 (too many pixels)", parameter="photos") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise Unprocessable(
            f"文件 {name} 不是可以识别的照片，请上传 JPEG、PNG 或 WebP (not a photo we can read)",
            parameter="photos",
        ) from None


class TooManyPixels(Exception):
    """The picture would fill the memory; the message is its size."""


def re_encode(raw: BinaryIO) -> Picture:
    """Make our own JPEG of a picture's pixels; raises what Pillow raises, and :class:`TooManyPixels`."""
    with warnings.catch_warnings():
        # Pillow only warns about pictures over its own limit, where ours refuses before decoding, and about EXIF it
        # cannot read, which we drop.
        warnings.simplefilter("ignore")
        with Image.open(raw, formats=ACCEPTED) as opened:
            if opened.width * opened.height > MAX_PIXELS[opened.format or "PNG"]:
                raise TooManyPixels(f"{opened.width}×{opened.height}")
            return _upright(opened)


def _upright(opened: Image.Image) -> Picture:
    turn = TURNS.get(_orientation(opened))
    opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # lets the JPEG decoder scale down while it reads
    opened.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = opened.convert("RGB")
    if turn is not None:
        plain = plain.transpose(turn)
    plain.info.clear()  # the encoder would copy a comment into the new file
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=82, optimize=True)
    jpeg = written.getvalue()
    return Picture(jpeg, hashlib.sha256(jpeg).hexdigest(), plain.width, plain.height)


def _orientation(opened: Image.Image) -> int:
    """How the camera was held; upright where the EXIF cannot be read, for the picture may be good all the same."""
    try:
        held = opened.getexif().get(Base.Orientation, 1)
    except (SyntaxError, ValueError, struct.error):
        return 1
    return held if isinstance(held, int) else 1


def keep(picture: Picture) -> str:
    """Put the picture where photos are kept and return its path; doing so twice changes nothing."""
    if not default_storage.exists(picture.path):
        default_storage.save(picture.path, ContentFile(picture.jpeg))
    return picture.path


def row(picture: Picture, *, case: Case, kind: Photo.Kind, at: dt.datetime) -> Photo:
    """Keep the picture and give the row that says so, not yet saved."""
    return Photo(case=case, kind=kind, file=keep(picture), width=picture.width, height=picture.height, at=at)
