"""The tiles of web maps (OGC WebMercatorQuad) in columns of numbers."""

from __future__ import annotations

from typing import Any

import numpy as np


def latitude(row: Any, zoom: int) -> Any:
    """Degrees north of the upper edge of rows of tiles, in WGS 84 or CGCS2000; numbers or arrays."""
    return np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * np.asarray(row) / 2.0**zoom))))
