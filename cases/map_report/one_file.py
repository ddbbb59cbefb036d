"""A Folium map within one file that asks nobody: whatever it wants is taken from the site's own files and written in."""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import folium
from branca.element import CssLink, Figure, JavascriptLink
from django.contrib.staticfiles import finders

# What Folium calls an asset, and which of the site's files that is.
ASSETS: Mapping[str, str] = {
    "leaflet": "vendor/leaflet/leaflet.js",
    "leaflet_css": "vendor/leaflet/leaflet.css",
}
# Nothing may be loaded from anywhere, and only the scripts that were written in may run.
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
POLICY_PLACE = "{{policy}}"


class MissingAsset(Exception):
    """A map wants a file that the site does not have; the message names it."""


class OwnMap(folium.Map):
    """A map without jQuery, Bootstrap and FontAwesome, which only popups and Folium's own icons need."""

    default_js = [pair for pair in folium.Map.default_js if pair[0] == "leaflet"]
    default_css = [pair for pair in folium.Map.default_css if pair[0] == "leaflet_css"]


@dataclass(frozen=True)
class Parts:
    """A map as what goes into a page: in the head, where it stands, and the script that draws it."""

    head: str
    place: str
    script: str


def parts(drawn: folium.Map) -> Parts:
    """The parts of a map; raises :class:`MissingAsset`."""
    figure = drawn.get_root()
    assert isinstance(figure, Figure)
    for piece in figure._children.values():
        piece.render()  # and so says what it wants
    head = [
        _written_in(name) if isinstance(piece, JavascriptLink | CssLink) else piece.render()
        for name, piece in figure.header._children.items()
    ]
    return Parts("\n".join(head), figure.html.render(), figure.script.render())


def _written_in(name: str) -> str:
    if name not in ASSETS:
        raise MissingAsset(f"地图要用 {name}，本站没有这个文件 (the map wants {name}, which the site does not have)")
    path = ASSETS[name]
    return f"<style>{style(path)}</style>" if path.endswith(".css") else f"<script>{script(path)}</script>"


def _found(path: str) -> Path:
    found = finders.find(path)
    if not found:
        raise MissingAsset(f"找不到 {path}，前端依赖没有装好 (missing: are the front-end packages installed?)")
    return Path(found)


def script(path: str) -> str:
    """The text of one of the site's scripts, to stand within ``<script>``."""
    text = _found(path).read_text(encoding="utf-8").replace("\r\n", "\n")
    return re.sub(r"^//# sourceMappingURL=.*$", "", text, flags=re.MULTILINE).replace("</script", r"<\/script")


def style(path: str) -> str:
    """The text of one of the site's style sheets, to stand within ``<style>``, its pictures written in."""
    sheet = _found(path)

    def picture(match: re.Match[str]) -> str:
        name = match["name"]
        if name.startswith(("data:", "#")):
            return match[0]
        file = sheet.parent / name
        if not file.is_file():
            raise MissingAsset(f"{path} 要用 {name}，本站没有这个文件 (wants {name}, which the site does not have)")
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        return f"url(data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()})"

    return re.sub(r"""url\((['"]?)(?P<name>[^'")]+)\1\)""", picture, sheet.read_text(encoding="utf-8"))


def sealed(page: str) -> str:
    """The page with its policy in the place left for it: the scripts it has, by what they say, and no other."""
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    said = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    return page.replace(POLICY_PLACE, POLICY.format(scripts=" ".join(f"'sha256-{it}'" for it in said)), 1)
