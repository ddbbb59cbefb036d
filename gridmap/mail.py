"""Which mail server to use, as one address: ``smtp://user:password@host:port``."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# Scheme → port, TLS from the first byte, TLS after a greeting in clear.
SCHEMES = {"smtp": (25, False, False), "smtps": (465, True, False), "smtp+starttls": (587, False, True)}


def read(url: str) -> dict[str, Any]:
    """Django's settings for a mail server; none for "". ``console:`` prints mails instead of sending them."""
    if not url:
        return {}
    if url == "console:":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError:
        host = None
    if host is None or parts.scheme not in SCHEMES:
        # Not the address itself: it may hold a password.
        raise ImproperlyConfigured(f"EMAIL_URL: expected one of {', '.join(SCHEMES)} followed by ://host, or console:")
    usual, ssl, starttls = SCHEMES[parts.scheme]
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port or usual,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": ssl,
        "EMAIL_USE_TLS": starttls,
    }
