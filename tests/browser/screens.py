"""What pages are opened with: the browser, a desk and a phone; nothing of the site's own is loaded for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
# The shell is the same browser without windows: the pages' tests take five sixths of the time in it.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next((found for name in BROWSERS if (found := shutil.which(name))), None)
# A page that is slow is not wrong; long enough for a machine ten times slower than it should be.
PATIENCE_MS = 60_000
# In the middle of one second-level grid of the demonstration district.
HERE = {"latitude": 25.8545, "longitude": 114.9239, "accuracy": 12}
# Each window of Chromium's has pages of its own under its address bar, which nobody sees here and which cost more than ours.
# The last list of features given counts, so what matters to us of Playwright's is said again.
SWITCHED_OFF = (
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "AimEnabled",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
# Debian's, kept on this machine.
LAUNCHED: dict[str, Any] = {
    "executable_path": CHROMIUM,
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--disable-features={','.join(SWITCHED_OFF)}",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    ],
}
# As in Ganzhou.
PLACED: dict[str, Any] = {"locale": "zh-CN", "timezone_id": "Asia/Shanghai"}
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "geolocation": HERE,
    "permissions": ["geolocation"],
}
