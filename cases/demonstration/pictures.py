"""Drawn pictures for the demonstration: a street before and after, one pair for each kind of problem.

Drawn, so that nobody takes an invented case for a real one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from cases import photos
from cases.models import Category, Photo

SIZE = (960, 720)
SKY, WALL, ROAD, KERB = "#dfe9ee", "#c9bfae", "#8b9096", "#b7bbc0"
MARKS = ("#7a5c3e", "#4c6b52", "#d0a13a", "#b5473c", "#6d5a8a", "#3d6f8f")


@dataclass(frozen=True)
class Kept:
    """A drawn picture that has been stored, for one top category and stage."""

    category: str
    kind: str
    file: str
    digest: str
    width: int
    height: int


def keep_all(categories: Iterable[Category]) -> list[Kept]:
    """Draw and store a pair for every top category."""
    tops = sorted({category.code[:2] for category in categories})
    return [
        _kept(top, kind, _street(index, messy=kind == Photo.Kind.REPORT))
        for index, top in enumerate(tops)
        for kind in (Photo.Kind.REPORT, Photo.Kind.AFTER)
    ]


def _kept(category: str, kind: Photo.Kind, image: Image.Image) -> Kept:
    written = io.BytesIO()
    image.save(written, "PNG")
    written.seek(0)
    picture = photos.re_encode(written)
    return Kept(category, kind.value, photos.keep(picture), picture.digest, picture.width, picture.height)


def _street(index: int, *, messy: bool) -> Image.Image:
    random = np.random.default_rng(index)
    image = Image.new("RGB", SIZE, SKY)
    draw = ImageDraw.Draw(image)
    width, height = SIZE
    for left in range(0, width, 160):
        top = int(random.integers(120, 260))
        draw.rectangle((left + 6, top, left + 150, 470), fill=WALL, outline="#a89d8a")
        for x in range(left + 22, left + 130, 40):
            for y in range(top + 20, 430, 56):
                draw.rectangle((x, y, x + 22, y + 32), fill="#8fa9b5")
    draw.rectangle((0, 470, width, 500), fill=KERB)
    draw.rectangle((0, 500, width, height), fill=ROAD)
    for left in range(40, width, 200):
        draw.rectangle((left, 600, left + 100, 608), fill="#eef0f1")
    if messy:
        _heap(draw, random, MARKS[index % len(MARKS)])
    return image


def _heap(draw: ImageDraw.ImageDraw, random: np.random.Generator, colour: str) -> None:
    for _ in range(60):
        x, y = random.normal(520, 90), random.normal(540, 34)
        size = random.uniform(14, 46)
        draw.polygon(
            [
                (x + size * np.cos(angle), y + size * 0.7 * np.sin(angle))
                for angle in np.sort(random.uniform(0, 2 * np.pi, 6))
            ],
            fill=colour,
            outline="#3b3b3b",
        )
