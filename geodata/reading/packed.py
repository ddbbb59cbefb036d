"""Unpack a zip that somebody sent: nothing outside its folder, nothing without end."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from geodata.reading.formats import COMPANIONS, SUFFIXES, Format, Opened, opened
from geodata.reading.refusing import BadFile, Limits

ARCHIVES = (".zip", ".kmz", ".rar", ".7z", ".gz", ".tar", ".tgz", ".bz2", ".xz")
WANTED = {suffix for suffix in SUFFIXES if suffix != ".zip"} | {
    suffix for suffixes in COMPANIONS.values() for suffix in suffixes
}
CHUNK_BYTES = 1024 * 1024
# What compresses well and is small does no harm.
HARMLESS_BYTES = 16 * CHUNK_BYTES
ENCRYPTED = 0x1
NAMED_IN_UTF8 = 0x800


@contextmanager
def unpacked(packed: Opened, layer: str | None, limits: Limits) -> Iterator[Opened]:
    """The one file of areas a zip holds, unpacked beside its companions for as long as it is read.

    With several, `layer` names one by its file name without suffix. Raises BadFile.
    """
    with TemporaryDirectory(prefix="geodata-") as folder:
        try:
            names = _extract(packed, Path(folder), limits)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise BadFile(f"{packed.source}：压缩包损坏，{error} (corrupt zip)") from None
        inner = opened(Path(folder) / _chosen(packed.source, names, layer), limits)
        yield Opened(inner.path, inner.format, f"{packed.source}/{inner.source}")


def _extract(packed: Opened, folder: Path, limits: Limits) -> list[str]:
    """Unpack what a reader wants and return the names of the files of areas."""
    with zipfile.ZipFile(packed.path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if len(members) > limits.zip_members:
            raise BadFile(
                f"{packed.source}：压缩包内有 {len(members):,} 个文件，最多 {limits.zip_members:,} 个 (too many)"
            )
        allowed = _allowed_bytes(packed, limits)
        written: dict[str, str] = {}
        for member in members:
            name = _checked_name(packed.source, member)
            if Path(name).suffix.lower() not in WANTED or "__MACOSX" in member.filename:
                continue
            if name.lower() in written:
                raise BadFile(f"{packed.source}：压缩包内有两个 {name} (two files of one name)")
            written[name.lower()] = name
            allowed -= _write(packed.source, archive, member, folder / name, allowed)
    return [name for name in written.values() if Path(name).suffix.lower() in SUFFIXES]


def _allowed_bytes(packed: Opened, limits: Limits) -> int:
    by_ratio = max(packed.path.stat().st_size * limits.zip_ratio, HARMLESS_BYTES)
    return min(limits.unpacked_bytes, by_ratio)


def _checked_name(source: str, member: zipfile.ZipInfo) -> str:
    """The name to unpack a member under: its own, in the encoding it was meant in, without folders."""
    full = member.filename
    if not member.flag_bits & NAMED_IN_UTF8:
        # Windows programs write names as they stand in the system: GBK here.
        raw = full.encode("cp437", errors="replace")
        full = _decoded(raw) or full
    parts = PurePosixPath(full.replace("\\", "/")).parts
    if not parts or ".." in parts or full.startswith(("/", "\\")) or ":" in parts[0]:
        raise BadFile(f"{source}：压缩包内的文件名 {full} 指向文件夹之外 (path leads out of the zip)")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise BadFile(f"{source}：压缩包内的 {full} 是链接 (a link inside the zip)")
    if member.flag_bits & ENCRYPTED:
        raise BadFile(f"{source}：压缩包内的 {full} 有密码 (encrypted)")
    if Path(parts[-1]).suffix.lower() in ARCHIVES:
        raise BadFile(f"{source}：压缩包内又有压缩包 {full}，请先解开 (a zip inside the zip)")
    return parts[-1].replace("\0", "")


def _decoded(raw: bytes) -> str | None:
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _write(source: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, allowed: int) -> int:
    """Unpack one member, counting what comes out: what its header says is not believed."""
    written = 0
    with archive.open(member) as packed, target.open("xb") as file:
        while chunk := packed.read(CHUNK_BYTES):
            written += len(chunk)
            if written > allowed:
                raise BadFile(f"{source}：解开后超过 {allowed:,} 字节，可能是压缩炸弹 (zip bomb)")
            file.write(chunk)
    return written


def _chosen(source: str, names: list[str], layer: str | None) -> str:
    if not names:
        raise BadFile(f"{source}：压缩包内没有边界文件 (no file of areas in the zip)")
    if len(names) == 1:
        return names[0]
    listed = "、".join(sorted(names))
    if layer is None:
        raise BadFile(f"{source}：压缩包内有多个边界文件，请用 layer 指定其一：{listed} (several files; name one)")
    chosen = [name for name in names if layer in (name, Path(name).stem)]
    if len(chosen) != 1:
        raise BadFile(f"{source}：压缩包内没有 {layer}，只有 {listed} (no such file in the zip)")
    return chosen[0]


def is_packed(file: Opened) -> bool:
    """Whether a file must be unpacked first."""
    return file.format is Format.ZIP
