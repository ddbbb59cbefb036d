"""Which format a file is in: its name and its content must say the same, and the format must be on the list."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from geodata.reading.refusing import BadFile, Limits


class Format(StrEnum):
    """The formats areas are read from."""

    GEOJSON = "GeoJSON"
    GEOPACKAGE = "GeoPackage"
    SHAPEFILE = "Shapefile"
    FLATGEOBUF = "FlatGeobuf"
    KML = "KML"
    MIF = "MIF"
    TAB = "TAB"
    CSV = "CSV"
    ZIP = "ZIP"


SUFFIXES = {
    ".geojson": Format.GEOJSON,
    ".json": Format.GEOJSON,
    ".gpkg": Format.GEOPACKAGE,
    ".shp": Format.SHAPEFILE,
    ".fgb": Format.FLATGEOBUF,
    ".kml": Format.KML,
    ".mif": Format.MIF,
    ".tab": Format.TAB,
    ".csv": Format.CSV,
    ".zip": Format.ZIP,
}
# The files that go with one: same folder, same name.
COMPANIONS = {
    Format.SHAPEFILE: (".shx", ".dbf", ".prj", ".cpg"),
    Format.MIF: (".mid",),
    Format.TAB: (".dat", ".map", ".id", ".ind"),
}
GEOJSON_COORD = "wgs84"
"""What GeoJSON is in when it does not say: RFC 7946."""
HEAD_BYTES = 4096
GEOPACKAGE_IDS = (b"GPKG", b"GP10", b"GP11")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Opened:
    """A regular file that may be read, its format known. `source` is its name as its owner knows it, for messages."""

    path: Path
    format: Format
    source: str


def assumed_of(path: Path) -> str | None:
    """The coordinate system of a file that does not say, where its format has a rule; for `read_areas`."""
    return GEOJSON_COORD if SUFFIXES.get(path.suffix.lower()) is Format.GEOJSON else None


def opened(path: Path | str, limits: Limits) -> Opened:
    """See that a path is a plain file of a format on the list. Raises BadFile."""
    if "/vsi" in str(path).replace("\\", "/").lower() or "://" in str(path):
        raise BadFile(f"{path}：只读本机上的普通文件 (not a plain local file)")
    path = Path(path)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        listed = "、".join(SUFFIXES)
        raise BadFile(f"{path.name}：不支持这种文件，可用 {listed} (format not on the list)")
    _check_plain(path)
    size = path.stat().st_size
    if size == 0:
        raise BadFile(f"{path.name}：文件是空的 (empty file)")
    if size > limits.file_bytes:
        raise BadFile(f"{path.name}：文件有 {size:,} 字节，最多 {limits.file_bytes:,} 字节 (file too large)")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not _content_is(kind, head):
        seems = _seems(head)
        hint = f"，像是 {seems}" if seems else ""
        raise BadFile(f"{path.name}：内容不是 {kind.value}{hint} (content is not what the name says)")
    return Opened(path.resolve(), kind, path.name)


def companions(opened: Opened) -> dict[str, Path]:
    """The files that go with one, by suffix in small letters. Raises BadFile for a link out of the folder."""
    found: dict[str, Path] = {}
    for suffix in COMPANIONS.get(opened.format, ()):
        for written in (suffix, suffix.upper()):
            beside = opened.path.with_suffix(written)
            if beside.is_symlink() or beside.exists():
                _check_plain(beside)
                found.setdefault(suffix, beside)
    return found


def _check_plain(path: Path) -> None:
    try:
        mode = path.stat().st_mode
        here, there = path.parent.resolve(strict=True), path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise BadFile(f"{path.name}：不能读取，{why} (cannot read)") from None
    if not stat.S_ISREG(mode):
        raise BadFile(f"{path.name}：不是普通文件 (not a regular file)")
    if path.is_symlink() and there.parent != here:
        raise BadFile(f"{path.name}：是指向别的文件夹的链接 (a link out of its folder)")


def _content_is(kind: Format, head: bytes) -> bool:
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    lowered = text.lower()
    signs = {
        Format.GEOJSON: text.startswith(b"{"),
        Format.GEOPACKAGE: head.startswith(b"SQLite format 3\0") and head[68:72] in GEOPACKAGE_IDS,
        Format.SHAPEFILE: head.startswith(b"\x00\x00\x27\x0a"),
        Format.FLATGEOBUF: head.startswith(b"fgb\x03fgb"),
        Format.KML: text.startswith(b"<") and b"<kml" in lowered,
        Format.MIF: re.match(rb"version\s+\d+", lowered) is not None,
        Format.TAB: lowered.startswith(b"!table"),
        Format.CSV: b"\0" not in head and not text.startswith((b"<", b"{", b"%PDF")),
        Format.ZIP: head.startswith((b"PK\x03\x04", b"PK\x05\x06")),
    }
    return signs[kind]


def _seems(head: bytes) -> str:
    """What a file seems to be, by the signs of formats people mistake for another; "" when nothing tells."""
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip()
    if b"<OGRVRTDataSource" in text or b"<VRTDataset" in text:
        return "VRT"
    if text[:15].lower().startswith((b"<!doctype html", b"<html")):
        return "HTML"
    known = {
        b"%PDF": "PDF",
        b"PK\x03\x04": "ZIP",
        b"SQLite format 3": "SQLite",
        b"\x00\x00\x27\x0a": "Shapefile",
        b"fgb\x03": "FlatGeobuf",
        b"Rar!": "RAR",
        b"7z\xbc\xaf": "7z",
        b"{": "GeoJSON",
        b"<": "XML",
    }
    return next((name for sign, name in known.items() if text.startswith(sign) or head.startswith(sign)), "")
