"""Look into an .xlsx, which is a zip of XML, before anything unpacks it."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from dataclasses import dataclass

MAX_PARTS = 300
MAX_UNZIPPED = 32 * 1024 * 1024
# Empty cells and rows cost as much to read as full ones; a quarter of a megabyte can hold millions.
MAX_CELLS = 500_000
MAX_EMPTY_ROWS = 100_000
# The same for words and styles: all marks of all parts, and what a part may be that holds neither rows nor words.
MAX_MARKS = 2_000_000
MAX_SIDE_PART = 1024 * 1024
# A document type is the way to entities that grow without end or point elsewhere; spreadsheets have none.
_DOCTYPE = (b"<!DOCTYPE", b"<!ENTITY", "<!DOCTYPE".encode("utf-16-le"), "<!DOCTYPE".encode("utf-16-be"))
_OLE = b"\xd0\xcf\x11\xe0"
# Bounded, so that a part made of beginnings only is not searched to its end from each of them.
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]{0,200}?ref="([A-Z0-9:]{2,20})"')
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_HIDDEN = re.compile(rb'<(?:\w+:)?(?:row|col)\s[^>]{0,400}?hidden="(?:1|true)"')


class Unreadable(ValueError):
    """A file that cannot be taken; the message is for the person who sent it."""


@dataclass(frozen=True)
class CheckedArchive:
    """What openpyxl does not tell of a sheet when it streams: the merged cells, the hidden rows and columns."""

    content: bytes

    def merged_in(self, part: str) -> list[str]:
        """The first few merged ranges of a sheet."""
        return [found.decode("ascii") for found in _MERGED.findall(self._part(part))[:3]]

    def hidden_in(self, part: str) -> bool:
        """Whether rows or columns of a sheet are hidden."""
        return _HIDDEN.search(self._part(part)) is not None

    def bound(self, part: str) -> None:
        """Refuse a sheet with more cells or rows than any roster has; raises :class:`Unreadable`."""
        content = self._part(part)
        for what, found, most in (("格", _CELL, MAX_CELLS), ("行", _ROW, MAX_EMPTY_ROWS)):
            if sum(1 for _ in found.finditer(content)) > most:
                raise Unreadable(
                    f"表中超过 {most} {what}（空的也算），请把数据复制到新下载的模板里 (too many cells or rows)"
                )

    def _part(self, part: str) -> bytes:
        with zipfile.ZipFile(io.BytesIO(self.content)) as archive:
            return archive.read(part.lstrip("/"))


def check_archive(content: bytes) -> CheckedArchive:
    """Refuse what is no plain workbook, or would unpack to more than a roster can be; raises :class:`Unreadable`."""
    if content.startswith(_OLE):
        raise Unreadable("这是旧的 .xls 或加了密码的文件，请去掉密码另存为 .xlsx (old or locked)")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            # What the directory claims is what is unpacked: zipfile reads no further and compares the sum.
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNZIPPED:
                raise Unreadable("文件展开后过大，不予打开 (it unpacks to too much)")
            marks = 0
            for part in parts:
                marks += _marks_in(part.filename, archive.read(part))
                if marks > MAX_MARKS:
                    raise Unreadable("文件展开后过大，不予打开 (it unpacks to too much)")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Unreadable("不是完整的 .xlsx 文件，请重新保存后再试 (not a whole .xlsx)") from error
    return CheckedArchive(content)


def _marks_in(name: str, content: bytes) -> int:
    """How many marks the part has; refuses one no roster needs."""
    if name.endswith("vbaProject.bin") or (name == "[Content_Types].xml" and b"macroEnabled" in content):
        raise Unreadable("文件带有宏，请另存为不带宏的 .xlsx (macros are not accepted)")
    if not name.endswith((".xml", ".rels")):
        return 0
    if any(mark in content for mark in _DOCTYPE):
        raise Unreadable("文件里有表格用不着的文档类型声明，不予打开 (a document type declaration)")
    if len(content) > MAX_SIDE_PART and not name.startswith(("xl/worksheets/", "xl/sharedStrings")):
        raise Unreadable(f"文件中的 {name} 过大，请把数据复制到新下载的模板里 (too many styles or the like)")
    return content.count(b"<")
