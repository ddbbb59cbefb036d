"""Pages asked for and forms sent as browsers do: signed in, with gzip, against a real server or in this process."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.test import Client as InProcess
from PIL import Image

from benchmarks.counting import statements
from benchmarks.serving import Client, Server

BOUNDARY = "benchmarks-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
TOKEN = "a" * 32  # against forged requests: the cookie and the header say the same


@dataclass(frozen=True)
class Ask:
    """One request of somebody: a page to read, or a form to send."""

    kind: str
    user: int
    path: str
    form: dict[str, str] | None = None
    picture: bool = False

    def body(self) -> bytes | None:
        """The form as a browser sends it, under a key of its own."""
        if self.form is None:
            return None
        parts = [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in (self.form | {"key": str(uuid.uuid4())}).items()
        ]
        if self.picture:
            head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photos"; filename="after.jpg"\r\n'
            parts += [head.encode(), b"Content-Type: image/jpeg\r\n\r\n", PICTURE, b"\r\n"]
        return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def _picture() -> bytes:
    """A photo as a phone sends it, made smaller by the page: not one colour, so that it costs what a photo costs."""
    noise = Image.effect_noise((80, 60), 60).resize((1280, 960)).convert("RGB")
    written = io.BytesIO()
    noise.save(written, "JPEG", quality=85)
    return written.getvalue()


PICTURE = _picture()


def sign_in(users: Iterable[int]) -> dict[int, str]:
    """A session's key for each of these users."""
    keys = {}
    for user in User.objects.filter(pk__in=set(users)):
        browser = InProcess()
        browser.force_login(user)
        keys[user.pk] = browser.cookies["sessionid"].value
    return keys


def send(client: Client, ask: Ask, keys: Mapping[int, str]) -> float:
    """Seconds one request waited for the whole of its answer; refuses to measure anything but what was meant."""
    headers = {"Cookie": f"sessionid={keys[ask.user]}; csrftoken={TOKEN}", "Accept-Encoding": "gzip"}
    body = ask.body()
    if body is not None:
        headers |= {"X-CSRFToken": TOKEN, "Content-Type": FORM}
    begun = time.perf_counter()
    answer = client.ask(ask.path, method="GET" if body is None else "POST", body=body, headers=headers)
    taken = time.perf_counter() - begun
    if answer.status != (200 if body is None else 302) or "sign-in" in answer.headers.get("Location", ""):
        raise ValueError(f"{ask.path}: {answer.status} {answer.headers.get('Location')}")
    return taken


def load(
    server: Server, keys: Mapping[int, str], shares: Sequence[Sequence[Ask]]
) -> tuple[dict[str, list[float]], float]:
    """Seconds waited by kind, of as many clients as there are shares, and how long it took altogether."""

    def send_all(share: Sequence[Ask]) -> list[tuple[str, float]]:
        client = Client(server.port)
        return [(ask.kind, send(client, ask, keys)) for ask in share]

    begun = time.perf_counter()
    with ThreadPoolExecutor(len(shares)) as clients:
        answered = [it for waits in clients.map(send_all, shares) for it in waits]
    taken = time.perf_counter() - begun
    waits: dict[str, list[float]] = {}
    for kind, seconds in answered:
        waits.setdefault(kind, []).append(seconds)
    return waits, taken


def statements_of(ask: Ask, keys: Mapping[int, str]) -> list[str]:
    """The statements of a request, answered in this process."""
    browser = InProcess()
    browser.cookies["sessionid"] = keys[ask.user]
    body, wanted = ask.body(), 200 if ask.form is None else 302

    def answered() -> None:
        answer = browser.get(ask.path) if body is None else browser.generic("POST", ask.path, body, content_type=FORM)
        if answer.status_code != wanted:
            raise ValueError(f"{ask.path}: {answer.status_code} {answer.content.decode()[:300]}")

    return statements(answered)
