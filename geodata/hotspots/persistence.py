"""What became of hot spots from window to window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from geodata.hotspots.method import HOT, METHOD, TOO_FEW, Method, Words

NEW, PERSISTENT, FADING = "new", "persistent", "fading"
COURSES = {NEW: "新增热点", PERSISTENT: "持续热点", FADING: "消退热点"}


def persistence(classes: Sequence[Words], *, method: Method = METHOD) -> Words:
    """Whether each spot is new, persistent, fading, or "" for neither; shape (n,).

    `classes`: columns `Hotspots.spot` of the same areas in the same order, of windows of one length, the current one first
    and then each one before; those beyond the method's number are not looked at. A window of too few reports says
    nothing: after none but such windows a hot spot is not new, and if the current one is such, nothing is fading.
    Raises ValueError for no window and for columns of different lengths.
    """
    if not classes or len({len(column) for column in classes}) > 1:
        raise ValueError("各时段的区域数不同，或没有时段 (no windows, or of different areas)")
    windows = np.array([np.asarray(column, dtype=object) for column in classes[: method.windows]], dtype=object)
    hot, known = np.isin(windows, HOT), windows != TOO_FEW
    times, before = hot.sum(axis=0), hot[1:].any(axis=0)
    course = np.full(windows.shape[1], "", dtype=object)
    course[hot[0] & ~before & known[1:].any(axis=0)] = NEW
    course[hot[0] & (times >= method.persistent_in)] = PERSISTENT
    course[~hot[0] & known[0] & before] = FADING
    return course
