"""Photos: what is kept is a small upright JPEG of our own making, once, whole, and nothing else of what was sent."""

from __future__ import annotations

import io
import random
import shutil
import struct
import warnings
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from cases import photos
from gridmap.problems import Unprocessable
from tests.cases import pictures

ORIENTATION, DESCRIPTION, GPS = 0x0112, 0x010E, 0x8825
# The colours of the corners of a picture as drawn: left above, right above, left below, right below.
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)
# How a camera held that way lays an upright picture down.
LAID_DOWN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def exif(orientation: int) -> Image.Exif:
    """EXIF as a telephone writes it, with the place in it."""
    written = Image.Exif()
    written[ORIENTATION] = orientation
    written[DESCRIPTION] = "张三家门口"
    place = written.get_ifd(GPS)
    place[1], place[2], place[3], place[4] = "N", (30.0, 23.0, 45.0), "E", (114.0, 53.0, 12.0)
    return written


def kept(picture: photos.Picture) -> Image.Image:
    opened = Image.open(io.BytesIO(picture.jpeg))
    opened.load()
    return opened


def corners(shown: Image.Image) -> list[tuple[int, ...]]:
    right, below = shown.width - 5, shown.height - 5
    return [shown.getpixel(at) for at in ((4, 4), (right, 4), (4, below), (right, below))]  # type: ignore[misc]


def near(found: tuple[int, ...], meant: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(found, meant, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", LAID_DOWN)
def test_a_photo_is_kept_upright_without_its_exif(kind: str, orientation: int) -> None:
    upright = Image.open(io.BytesIO(pictures.drawn("PNG", 96, 64)))
    turn = LAID_DOWN[orientation]
    laid = io.BytesIO()
    (upright.transpose(turn) if turn is not None else upright).save(laid, kind, exif=exif(orientation))
    assert Image.open(io.BytesIO(laid.getvalue())).getexif()[ORIENTATION] == orientation

    picture = photos.read(pictures.upload(laid.getvalue()))

    shown = kept(picture)
    assert shown.size == (picture.width, picture.height) == (96, 64)
    assert all(near(a, b) for a, b in zip(corners(shown), (RED, GREEN, BLUE, WHITE), strict=True))
    assert not shown.getexif()
    assert b"Exif" not in picture.jpeg
    assert "张三".encode() not in picture.jpeg


def test_comments_colour_profiles_and_texts_are_not_kept() -> None:
    sent = pictures.drawn(
        "JPEG", 80, 60, comment=b"taken at 114.8867, 30.3958", dpi=(300, 300), icc_profile=b"profile!"
    )
    info = kept(photos.read(pictures.upload(sent))).info
    assert set(info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"114.8867" not in photos.read(pictures.upload(sent)).jpeg


@pytest.mark.parametrize(
    ("size", "shown"),
    [((3200, 2400), (1600, 1200)), ((2400, 3200), (1200, 1600)), ((1600, 900), (1600, 900)), ((40, 30), (40, 30)),
     ((6000, 20), (1600, 5))],
)  # fmt: skip
def test_the_longest_side_is_1600_pixels_and_small_ones_stay(size: tuple[int, int], shown: tuple[int, int]) -> None:
    picture = photos.read(pictures.upload(pictures.jpeg(*size)))
    assert (picture.width, picture.height) == shown
    assert kept(picture).size == shown


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_pictures_of_any_depth_become_ordinary_jpegs(mode: str) -> None:
    sent = io.BytesIO()
    Image.new(mode, (30, 20), 1 if mode in ("1", "L", "P", "I;16") else None).save(sent, "PNG")
    shown = kept(photos.read(pictures.upload(sent.getvalue())))
    assert (shown.format, shown.mode, shown.size) == ("JPEG", "RGB", (30, 20))


def test_exif_nobody_can_read_does_not_cost_the_photo() -> None:
    good = pictures.jpeg(80, 60, exif=exif(6))
    spot = good.index(b"Exif\0\0") + 6
    for start, junk in (
        (0, b"XX"),
        (4, b"\xff\xff\xff\xff"),
        (8, b"\xff\xff"),
        (10, struct.pack(">HHI", 274, 2, 9**9)),
    ):
        broken = good[: spot + start] + junk + good[spot + start + len(junk) :]
        assert photos.read(pictures.upload(broken)).width in (60, 80)


def test_damaged_pictures_are_read_or_refused_and_nothing_else() -> None:
    """Some 400 damaged files, always the same ones."""
    chance = random.Random(88)
    whole = [pictures.drawn(kind, 48, 36, exif=exif(6)) for kind in ("JPEG", "PNG", "WEBP")]
    read = refused = 0
    for _ in range(400):
        damaged = bytearray(chance.choice(whole))
        for _ in range(chance.choice([1, 2, 8])):
            damaged[chance.randrange(min(len(damaged), 300))] = chance.randrange(256)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                photos.read(pictures.upload(bytes(damaged)))
                read += 1
            except Unprocessable:
                refused += 1
    assert read > 20
    assert refused > 20


def folder() -> Path:
    return Path(settings.MEDIA_ROOT)


def files(picture: photos.Picture) -> list[Path]:
    return [path for path in folder().rglob("*") if picture.digest in path.name]


@pytest.fixture
def picture() -> photos.Picture:
    """A picture no other test has."""
    side = random.Random().randrange(100, 1000)
    return photos.read(pictures.upload(pictures.jpeg(side, 1100 - side)))


def test_the_same_photo_is_kept_once(picture: photos.Picture) -> None:
    assert photos.keep(picture) == photos.keep(picture) == picture.path
    [path] = files(picture)
    assert path == folder() / picture.path
    assert path.read_bytes() == picture.jpeg
    assert path.stat().st_mode & 0o777 == 0o644


def test_two_at_once_keep_one_file(picture: photos.Picture) -> None:
    """Both have looked and seen none before either writes."""
    for _ in range(2):
        assert default_storage.save(picture.path, ContentFile(picture.jpeg)) == picture.path
    assert len(files(picture)) == 1


def test_a_write_cut_short_leaves_nothing_under_the_name(
    picture: photos.Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(source: Any, target: Any) -> None:
        target.write(source.read()[:100])
        target.flush()
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(shutil, "copyfileobj", killed)
        with pytest.raises(KeyboardInterrupt):
            photos.keep(picture)
    assert files(picture) == []
    photos.keep(picture)
    assert (folder() / picture.path).read_bytes() == picture.jpeg
