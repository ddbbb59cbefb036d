"""The report printed by a Chromium that reaches nobody, to PDF or PNG."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
KINDS = ("pdf", "png")
PATIENCE_S = 120
# Longer than the map takes to draw, told by the page's own clock.
DRAWN_AFTER_MS = 5_000
ALONE = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    f"--virtual-time-budget={DRAWN_AFTER_MS}",
)


class NotPrinted(Exception):
    """There is no PDF or PNG; the message says why."""


def chromium() -> str | None:
    """The browser that is there, if one is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def printed(page: Path, out: Path, *, patience_s: float = PATIENCE_S) -> Path:
    """Print a page to ``out``, a .pdf on the paper the page asks for or a .png of its top; raises :class:`NotPrinted`."""
    browser = chromium()
    if browser is None:
        raise NotPrinted(
            f"没有 Chromium，未生成 {out.name}；装上 chromium，或用浏览器打开报告自行打印"
            f" (no Chromium here: install it, or print the page from a browser)"
        )
    with tempfile.TemporaryDirectory(prefix="map-report-", ignore_cleanup_errors=True) as folder:
        made = Path(folder) / out.name
        address = page.resolve().as_uri()
        kind = (
            [f"--print-to-pdf={made}", "--no-pdf-header-footer", f"{address}#paper"]
            if out.suffix == ".pdf"
            else [f"--screenshot={made}", "--window-size=1600,1130", "--force-device-scale-factor=2", address]
        )
        # Chromium's own sandbox does not work for root.
        alone = [*ALONE, f"--user-data-dir={folder}/profile", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        said = _run([browser, *alone, *kind], patience_s)
        if not made.is_file() or not made.stat().st_size:
            raise NotPrinted(f"Chromium 没有生成 {out.name} (nothing was printed)：{said.strip()[-500:]}")
        shutil.copyfile(made, out)
    return out


def _run(command: list[str], patience_s: float) -> str:
    """What the command says; it and what it started are ended when it takes too long."""
    process = subprocess.Popen(  # noqa: S603  # the browser found, on a file just written
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True
    )
    try:
        return process.communicate(timeout=patience_s)[1]
    except subprocess.TimeoutExpired:
        raise NotPrinted(f"Chromium {patience_s:g} 秒没有完成，已停止 (took too long, ended)") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # of its own session: nobody else is in it
            process.communicate()
