"""The address of a mail server becomes Django's settings, or is refused without being shown."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from gridmap import mail


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False)),
        ("smtps://u%40x:p%2Fw@mail.example", ("mail.example", 465, "u@x", "p/w", True, False)),
        ("smtp+starttls://u:p@10.0.0.9:2525", ("10.0.0.9", 2525, "u", "p", False, True)),
    ],
)
def test_an_address_says_host_port_account_and_tls(url: str, expected: tuple[object, ...]) -> None:
    read = mail.read(url)
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_SSL", "USE_TLS")
    assert tuple(read[f"EMAIL_{name}"] for name in names) == expected
    assert read["EMAIL_BACKEND"].endswith("smtp.EmailBackend")


def test_none_is_none_and_the_console_prints() -> None:
    assert mail.read("") == {}
    assert mail.read("console:") == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}


@pytest.mark.parametrize("url", ["mail.example", "http://u:verysecret@mail", "smtp://", "smtp://u:verysecret@h:x"])
def test_anything_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refused:
        mail.read(url)
    assert "verysecret" not in str(refused.value)
