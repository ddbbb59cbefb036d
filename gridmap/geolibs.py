"""Find GDAL and GEOS for GeoDjango inside the pyogrio and shapely wheels.

The site then needs no system GDAL, and it runs the same versions everywhere. An operator's own libraries win:
set ``GDAL_LIBRARY_PATH`` and ``GEOS_LIBRARY_PATH`` in the environment.
"""

import importlib.util
import os
from pathlib import Path


def _bundled(package: str, stem: str) -> str | None:
    """Path of a shared library carried by a wheel, without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    inside = Path(spec.origin).parent
    places = (
        (inside.parent / f"{package}.libs", f"lib{stem}-*.so*"),  # Linux
        (inside / ".dylibs", f"lib{stem}*.dylib"),  # macOS
        (inside.parent / f"{package}.libs", f"{stem}-*.dll"),  # Windows
    )
    found = [path for folder, pattern in places for path in sorted(folder.glob(pattern))]
    return str(found[0]) if found else None


GEOS_LIBRARY_PATH = os.environ.get("GEOS_LIBRARY_PATH") or _bundled("shapely", "geos_c")
GDAL_LIBRARY_PATH = os.environ.get("GDAL_LIBRARY_PATH") or _bundled("pyogrio", "gdal")

if GDAL_LIBRARY_PATH and "pyogrio.libs" in GDAL_LIBRARY_PATH:
    # The wheel's GDAL carries its own PROJ database; one named by Debian, conda or QGIS would be believed
    # first and every transformation would fail.
    for _name in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA"):
        os.environ.pop(_name, None)
