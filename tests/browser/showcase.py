"""The grid whose people have accounts in the demonstration, and what is reported there."""

from __future__ import annotations

import io
import json
import urllib.request
import uuid
from typing import Any

from PIL import Image
from shapely.geometry import shape

from tests.browser.reading import ask
from tests.conftest import PATIENCE_S

# The showcase accounts of the demonstration, all about one grid: its worker, its chief, the clerk of its street.
WORKER, CHIEF, CLERK = "p0144", "p0001", "p1441"
GRID, NEXT_GRID = "360702001001001", "360702001001002"


def report(site: str, text: str, **more: Any) -> str:
    """Report a case in the middle of the grid; gives its number."""
    middle = shape(ask(f"{site}/api/v1/areas/{GRID}")["geometry"]).representative_point()
    body = {
        "client_id": str(uuid.uuid4()),
        "category": "0301",
        "text": text,
        "lon": middle.x,
        "lat": middle.y,
        "coord": "wgs84",
        "channel": "web",
    } | more
    asked = urllib.request.Request(
        f"{site}/api/v1/cases", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
        return str(json.load(answer)["number"])


def picture() -> dict[str, Any]:
    """A photo as a phone gives it."""
    drawn = io.BytesIO()
    Image.new("RGB", (640, 480), (90, 140, 90)).save(drawn, "JPEG")
    return {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": drawn.getvalue()}
