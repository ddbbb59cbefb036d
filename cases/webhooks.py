"""Post a signed body to somebody else's server, which may be slow, wrong or hostile: one answer, within seconds.

Knows neither Django nor the database. Redirects are not followed, proxies of the environment not used.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

SIGNATURE, TIMESTAMP, DELIVERY = "X-Gridmap-Signature", "X-Gridmap-Timestamp", "X-Gridmap-Delivery"


class Unreachable(Exception):
    """The receiver did not answer: nothing else sent to it now would fare better."""


class Declined(Exception):
    """The receiver answered, but did not take it."""


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """What the receiver recomputes: HMAC-SHA256 with the secret over ``timestamp.body``, as ``sha256=…``."""
    signed = f"{timestamp}.".encode() + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def post(url: str, body: bytes, *, secret: str, timestamp: int, delivery: int, seconds: float) -> None:
    """Send JSON; ``timestamp`` in seconds since the epoch. Raises :class:`Unreachable` or :class:`Declined`.

    ``seconds`` bounds connecting, and then the whole exchange, however slowly the other side drips.
    """
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "gridmap",
        "Connection": "close",
        SIGNATURE: signature(secret, timestamp, body),
        TIMESTAMP: str(timestamp),
        DELIVERY: str(delivery),
    }
    try:
        status = _exchange(url, body, headers, seconds)
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(f"没有应答 (no answer): {type(error).__name__} {error}") from error
    if 300 <= status < 400:
        raise Declined(f"答 {status}；不跟随重定向 (redirects are not followed)")
    if not 200 <= status < 300:
        raise Declined(f"答 {status} (refused)")


def _exchange(url: str, body: bytes, headers: dict[str, str], seconds: float) -> int:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a web address")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=seconds)
    watch = threading.Timer(seconds, _cut, [connection])
    watch.daemon = True
    try:
        connection.connect()
        # The timeout of a socket starts anew with every byte.
        watch.start()
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    finally:
        watch.cancel()
        connection.close()


def _cut(connection: HTTPConnection) -> None:
    try:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except (OSError, ValueError):  # closed by now
        pass
