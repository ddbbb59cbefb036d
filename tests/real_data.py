"""Real data that may be used but not kept in the project; tests that want it are skipped where it is not."""

from __future__ import annotations

import os
from pathlib import Path

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
WHY_SKIPPED = "no real data: neither GRIDMAP_REAL_DATA nor ../shared/data/real"


def real_data(name: str) -> Path | None:
    """The folder of a real data set (``nyc``), or None: below GRIDMAP_REAL_DATA if that is set, else beside the checkout."""
    folder = Path(os.environ.get("GRIDMAP_REAL_DATA", BESIDE)) / name
    return folder if folder.is_dir() else None
