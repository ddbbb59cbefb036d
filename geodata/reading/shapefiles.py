"""What a Shapefile must have beside it, whole, and the encoding of its attributes."""

from __future__ import annotations

import codecs
import struct
from pathlib import Path

from geodata.reading.refusing import BadFile

HEADER_BYTES = 100
INDEX_BYTES = 8
FIELD_BYTES = 32
# How much of the attributes is looked at: enough for some ten thousand names.
LOOKED_AT_BYTES = 8 * 1024 * 1024


def check_whole(source: str, path: Path, beside: dict[str, Path]) -> None:
    """See that the three files are there, as long as their headers say, and speak of one number of features."""
    missing = [suffix for suffix in (".shx", ".dbf") if suffix not in beside]
    if missing:
        listed = "、".join(path.stem + suffix for suffix in missing)
        raise BadFile(f"{source}：缺少同名的 {listed}，请一并提供 ({'、'.join(missing)} missing)")
    for part in (path, beside[".shx"]):
        _check_length(source, part)
    shapes = (beside[".shx"].stat().st_size - HEADER_BYTES) // INDEX_BYTES
    rows, head, row = _dbf_sizes(source, beside[".dbf"])
    if head + rows * row > beside[".dbf"].stat().st_size:
        raise BadFile(f"{source}：{beside['.dbf'].name} 不完整，应有 {rows:,} 行 (truncated)")
    if rows != shapes:
        raise BadFile(f"{source}：图形有 {shapes:,} 个，属性有 {rows:,} 行，不是同一批文件 (shapes and rows differ)")


def encoding_of(beside: dict[str, Path]) -> str | None:
    """The encoding of the attributes where no .cpg names it: UTF-8 when everything is, else that of Chinese Windows."""
    if ".cpg" in beside:
        return None
    return encoding_of_table(beside[".dbf"])


def encoding_of_table(dbf: Path) -> str:
    """The encoding of a dBase table's columns and cells."""
    with dbf.open("rb") as file:
        content = file.read(LOOKED_AT_BYTES)
    return "UTF-8" if all(_is_utf8(text) for text in _texts(content)) else "GB18030"


def _check_length(source: str, part: Path) -> None:
    size = part.stat().st_size
    with part.open("rb") as file:
        head = file.read(HEADER_BYTES)
    words = struct.unpack(">i", head[24:28])[0] if len(head) == HEADER_BYTES else -1
    if words * 2 > size or words < 0:
        raise BadFile(f"{source}：{part.name} 不完整，应有 {words * 2:,} 字节，只有 {size:,} 字节 (truncated)")


def _dbf_sizes(source: str, dbf: Path) -> tuple[int, int, int]:
    with dbf.open("rb") as file:
        head = file.read(FIELD_BYTES)
    if len(head) < FIELD_BYTES:
        raise BadFile(f"{source}：{dbf.name} 不完整 (truncated)")
    rows, length, row = struct.unpack("<IHH", head[4:12])
    return rows, length, row


def _texts(content: bytes) -> list[bytes]:
    """The names of the columns, and the cells of text of a dBase table, as far as `content` goes."""
    _, length, row = struct.unpack("<IHH", content[4:12])
    names, places, at = [], [], 1
    for start in range(FIELD_BYTES, length - 1, FIELD_BYTES):
        field = content[start : start + FIELD_BYTES]
        if len(field) < FIELD_BYTES or field[0] == 0x0D:
            break
        names.append(field[:11].partition(b"\0")[0])
        if field[11:12] == b"C":
            places.append((at, at + field[16]))
        at += field[16]
    starts = range(length, len(content) - row + 1, row) if row else range(0)
    return names + [content[start + begin : start + end] for start in starts for begin, end in places]


def _is_utf8(text: bytes) -> bool:
    """Whether a cell is UTF-8; a cell may end amid a letter, for it has a fixed number of bytes."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text.rstrip(b" \0"))
    except UnicodeDecodeError:
        return False
    return True
