"""Files that appear when they are whole: made beside their place, and put there at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotReplace(ValueError):
    """There is no folder for what is to be written, or it would replace what it is made of."""


@contextmanager
def replaced(out: Path) -> Iterator[Path]:
    """A path of the same name to write to, in a folder of its own beside `out`.

    When the block ends well, what was written takes the place of `out`, after whatever else was written beside it; if
    not, nothing is left and `out` is as it was. Raises CannotReplace, and OSError where nothing can be written.
    """
    if not out.parent.is_dir():
        raise CannotReplace(f"没有文件夹 {out.parent} (no such folder)")
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield folder / out.name
        for made in sorted(folder.iterdir(), key=lambda made: made.name == out.name):
            os.replace(made, out.with_name(made.name))
    finally:
        shutil.rmtree(folder)


def refuse_own_input(option: str, out: Path, inputs: Iterable[Path | None]) -> None:
    """Refuse an output, given by that option, that is one of the inputs under whatever name. Raises CannotReplace."""
    for given in inputs:
        if given is not None and _same(given, out):
            raise CannotReplace(f"{option} 与输入是同一个文件：{given} (the output would replace its own input)")


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()
