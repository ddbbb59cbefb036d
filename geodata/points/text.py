"""Points in CSV: every field is kept as it is written, byte for byte, and what is added stands behind it.

UTF-8 with or without a byte-order mark, or GB18030 (which includes GBK); commas, semicolons or tabs. Blank lines are no
rows. A row with too many or too few fields is refused by number: where its columns are shifted, a wrong field would be
taken for the longitude.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from geodata.points.rows import ADDED, AT_ONCE, Chunk, PointsRefused, arrow, place
from geodata.routing import Decided

ENCODINGS = ("utf-8", "gb18030")
DELIMITERS = ",;\t"
LONGEST_FIELD = 1 << 24
LOOKED_AT = 1 << 20


class TextSource:
    """A CSV file. `lon`, `lat`: names of columns. `encoding`: one of ENCODINGS, or None to find out.

    Found out from the first stretch that is not plain ASCII: it is UTF-8 if it can be. Raises PointsRefused.
    """

    def __init__(self, path: Path, *, lon: str, lat: str, encoding: str | None = None) -> None:
        self.path = path
        self.encoding = encoding or encoding_of(path)
        if self.encoding == "utf-8" and _marked(path):
            self.encoding = "utf-8-sig"
        self._bytes = max(path.stat().st_size, 1)
        self._read = 0
        with self._open() as file:
            first = self._first_line(file)
            if not first.strip():
                raise PointsRefused(f"{path.name} 第一行应是列名 (the first line must name the columns)")
            self.delimiter = max(DELIMITERS, key=first.count)
            self.line_end = first[len(first.rstrip("\r\n")) :] or "\n"
            file.seek(0)
            self.header, self.columns = next(self._records(file))
        self._lon, self._lat = place(self.columns, lon, path), place(self.columns, lat, path)

    def chunks(self) -> Iterator[Chunk]:
        """All rows; see Source."""
        with self._open() as file:
            records: list[str] = []
            lon: list[float] = []
            lat: list[float] = []
            every = self._records(file)
            next(every)
            for row, (record, fields) in enumerate(every, start=1):
                if len(fields) != len(self.columns):
                    raise PointsRefused(
                        f"{self.path.name} 第 {row} 行有 {len(fields)} 个字段，应为 {len(self.columns)} 个 (wrong number of fields)"
                    )
                records.append(record)
                lon.append(_number(fields[self._lon]))
                lat.append(_number(fields[self._lat]))
                if len(records) == AT_ONCE:
                    yield self._chunk(file, records, lon, lat)
                    records, lon, lat = [], [], []
            if records or not self._read:
                yield self._chunk(file, records, lon, lat)

    def share_read(self) -> float:
        """See Source."""
        return min(self._read / self._bytes, 1.0)

    def table(self, chunk: Chunk) -> Any:
        """All columns as text; see Source."""
        fields = list(zip(*self._parsed(chunk.rows), strict=True)) or [()] * len(self.columns)
        pa = arrow("CSV 以外的输出")
        return pa.table([pa.array(column, pa.string()) for column in fields], names=self.columns)

    def _chunk(self, file: TextIO, records: list[str], lon: list[float], lat: list[float]) -> Chunk:
        self._read = file.buffer.tell()  # the text's own position cannot be asked for while it is read by lines
        return Chunk(np.array(lon), np.array(lat), records)

    def _first_line(self, file: TextIO) -> str:
        try:
            return file.readline(LONGEST_FIELD)
        except UnicodeDecodeError:
            raise PointsRefused(f"{self.path.name} 不是 {self.encoding} 编码 (wrong encoding)") from None

    def _open(self) -> TextIO:
        return self.path.open(encoding=self.encoding, newline="")

    def _parsed(self, lines: Any) -> Iterator[list[str]]:
        csv.field_size_limit(LONGEST_FIELD)
        return csv.reader(lines, delimiter=self.delimiter, strict=True)

    def _records(self, file: TextIO) -> Iterator[tuple[str, list[str]]]:
        """Every record as it stands in the file, without its line's end, and its fields; the header comes first."""
        lines: list[str] = []

        def taken() -> Iterator[str]:
            for line in file:
                lines.append(line)
                yield line

        row = 0  # the header
        try:
            for fields in self._parsed(taken()):
                if fields:
                    yield "".join(lines).rstrip("\r\n"), fields
                    row += 1
                lines.clear()
        except csv.Error as error:
            raise PointsRefused(f"{self.path.name} 第 {row} 行无法解析：{error} (cannot be parsed)") from None
        except UnicodeDecodeError:
            raise PointsRefused(
                f"{self.path.name} 第 {row} 行之后不是 {self.encoding} 编码，请用 --encoding 指明 (wrong encoding)"
            ) from None


class TextSink:
    """Rows of a TextSource, in the same encoding and with the same delimiter."""

    def __init__(self, path: Path, source: TextSource, names: tuple[str, ...]) -> None:
        self._file = path.open("w", encoding=source.encoding, newline="")
        self._delimiter, self._end = source.delimiter, source.line_end
        self._file.write(self._delimiter.join([source.header, *names]) + self._end)

    def write(self, chunk: Chunk, decided: Decided) -> None:
        """Add rows; see Sink."""
        join, end = self._delimiter.join, self._end
        rows = zip(chunk.rows, *added_texts(decided, self._delimiter), strict=True)
        self._file.write("".join([join(row) + end for row in rows]))

    def close(self) -> None:
        """See Sink."""
        self._file.close()


def added_texts(decided: Decided, delimiter: str) -> tuple[list[str], ...]:
    """The added columns as fields of CSV, in the order of ADDED; distances in centimetres."""
    metres = ["" if metres != metres else f"{metres:.2f}" for metres in decided.distance_m.tolist()]
    columns = {name: getattr(decided, name).tolist() for name in ADDED if name != "distance_m"} | {"distance_m": metres}
    return tuple([_quoted(text, delimiter) for text in columns[name]] for name in ADDED)


def encoding_of(path: Path) -> str:
    """One of ENCODINGS, or ``utf-8-sig`` for UTF-8 with a mark, from the first stretch that is not plain ASCII."""
    if _marked(path):
        return "utf-8-sig"
    with path.open("rb") as file:
        while (stretch := file.read(LOOKED_AT)) and stretch.isascii():
            pass
    try:
        # Cut in the middle of a character it is still UTF-8.
        codecs.getincrementaldecoder("utf-8")().decode(stretch)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == codecs.BOM_UTF8


def _number(text: str) -> float:
    """NaN for what is no number; Python would also read 1_000 as one."""
    try:
        return float(text) if "_" not in text else float("nan")
    except ValueError:
        return float("nan")


def _quoted(text: str, delimiter: str) -> str:
    if delimiter in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text
