"""What the tests stand on: a real PostGIS with the demonstration district, and a cast of people.

A template database is made once for each state of migrations and fixtures and kept; every test process works on a
clone of it (0.3 s). The district, its people and the article's 4,649 cases are therefore there in every test; what
a test writes is rolled back. Tests of what commits do (browsers, races) go to ``site``, a real server on a clone of
its own.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import io
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote

import hypothesis
import psycopg2
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

# Playwright keeps an event loop in the thread of a browser test, where Django's ORM would refuse to work.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("gridmap", deadline=None)
hypothesis.settings.load_profile("gridmap")

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 600
"""How long to wait for what is sure to come, however slow and busy the machine: only what hangs takes so long."""
AS_OF = "2026-06-30"
MADE_OF = (
    "*/migrations/*.py",
    "fixtures/**/*",
    "cases/demonstration/*.py",
    "gridmap/editions/founding.py",
    "gridmap/editions/opening.py",
    "gridmap/registry_files.py",
    "tests/settings.py",
)


def _state() -> str:
    """A name for what the template is made of."""
    digest = hashlib.sha256(AS_OF.encode())
    for pattern in MADE_OF:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _admin_sql(statement: str) -> list[tuple[object, ...]]:
    """Run one statement outside any transaction, on the server's own database."""
    params = connection.get_connection_params() | {"dbname": "postgres"}
    wanted = {name: params[name] for name in ("dbname", "user", "password", "host", "port") if name in params}
    admin = psycopg2.connect(**wanted)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        admin.close()


def _use(name: str) -> None:
    connection.close()
    settings.DATABASES["default"]["NAME"] = name
    connection.settings_dict["NAME"] = name


def _clone(name: str, template: str) -> None:
    _admin_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    _admin_sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers first: their files take longest, and where many processes share the files, short ones should end the run."""
    items.sort(key=lambda item: item.path.parent.name != "browser")


@pytest.fixture(scope="session")
def template(django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the template database, made if this state of the code has none."""
    name = f"gridmap_template_{_state()}"
    lock = ROOT / "var" / "template.lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held, django_db_blocker.unblock():
        fcntl.flock(held, fcntl.LOCK_EX)
        if not _admin_sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):
            finished = "SELECT datname FROM pg_database WHERE datname ~ '^gridmap_template_[0-9a-f]+$'"
            for (old,) in _admin_sql(finished):
                _admin_sql(f'DROP DATABASE "{old}" WITH (FORCE)')
            making = f"{name}_making"
            _admin_sql(f'DROP DATABASE IF EXISTS "{making}" WITH (FORCE)')
            _admin_sql(f'CREATE DATABASE "{making}"')
            _use(making)
            call_command("migrate", verbosity=0)
            call_command("load_demo", as_of=AS_OF, accounts=True, verbosity=0, stdout=io.StringIO())
            connection.close()
            _admin_sql(f'ALTER DATABASE "{making}" RENAME TO "{name}"')
    return name


@pytest.fixture(scope="session")
def django_db_setup(template: str, worker_id: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process its own clone (replaces pytest-django's own)."""
    name = f"gridmap_test_{worker_id}_{os.getpid()}"
    with django_db_blocker.unblock():
        _clone(name, template)
        _use(name)
    yield
    with django_db_blocker.unblock():
        connection.close()
        _admin_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="module")
def apart(template: str, worker_id: str, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The name of a database that nobody else uses, with the district in it: for what commits, in threads."""
    name = f"gridmap_apart_{worker_id}_{os.getpid()}"
    with django_db_blocker.unblock():
        _clone(name, template)
    yield name
    with django_db_blocker.unblock():
        _admin_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True, scope="session")
def _media(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.MEDIA_ROOT = tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def kept_for_module(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """What a module's own fixtures write is there in all its tests; each test is undone by itself, as ever."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


# ---- people ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cast:
    """The people of the tests, all about one second-level grid (``grid``) unless said otherwise."""

    grid: str
    worker: User  # 网格员 of the grid
    chief: User  # 网格长 of its community
    clerk: User  # 网格中心人员 of its town
    leader: User  # 主管领导 of its town
    department: User  # somebody of a district department: no ground of their own
    centre: User  # 区网格中心: sees everything
    stranger: User  # a worker of a grid in another town: must see nothing of it
    admin: User


# A grid whose worker works nowhere else, so that "mine" and "not mine" are clear.
GRID = "360702003005002"


@pytest.fixture(scope="session")
def standings(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> dict[str, int]:
    """Which accounts the cast has: looked for once, since they are the same in every test."""
    from gridmap.models import Appointment
    from gridmap.roles import Role

    def holder(role: Role, **where: object) -> int:
        post = Appointment.objects.filter(role=role, **where).order_by("pk").first()
        assert post is not None, f"nobody is {role} {where}"
        assert post.person.user is not None
        return post.person.user.pk

    with django_db_blocker.unblock():
        return {
            "worker": holder(Role.GRID_WORKER, area=GRID),
            "chief": holder(Role.GRID_CHIEF, area=GRID[:12]),
            "clerk": holder(Role.CENTRE_CLERK, organisation__area=GRID[:9]),
            "leader": holder(Role.LEADER_IN_CHARGE, organisation__area=GRID[:9]),
            "department": holder(Role.DEPARTMENT_STAFF),
            "centre": holder(Role.DISTRICT_CENTRE_STAFF),
            "stranger": holder(Role.GRID_WORKER, area__code__startswith="360702101"),
            "admin": User.objects.get(username="admin").pk,
        }


@pytest.fixture
def cast(db: None, standings: dict[str, int]) -> Cast:
    """One person for each standing towards one grid."""
    users = User.objects.in_bulk(standings.values())
    return Cast(grid=GRID, **{standing: users[pk] for standing, pk in standings.items()})


@pytest.fixture
def as_user() -> object:
    """A test client signed in as somebody."""

    def make(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


@pytest.fixture(scope="session")
def now() -> dt.datetime:
    """A Tuesday morning after the demonstration's last day."""
    return dt.datetime(2026, 7, 7, 10, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))


# ---- a real server ---------------------------------------------------------------------------------------------


def _database_url(name: str) -> str:
    params = connection.get_connection_params()
    host = quote(str(params.get("host", "")), safe="")
    password = f":{params['password']}" if params.get("password") else ""
    port = f":{params['port']}" if params.get("port") else ""
    return f"postgres://{params.get('user', 'postgres')}{password}@{host}{port}/{name}"


@dataclass(frozen=True)
class Site:
    """A running server: its address, its process, its database and where it keeps photos."""

    url: str
    process: subprocess.Popen[bytes]
    database_url: str


@pytest.fixture(scope="session")
def start_server(
    template: str, worker_id: str, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], AbstractContextManager[Site]]:
    """Start gunicorn, as ``make run`` does, on a clone of the template of its own; the word given tells clones apart."""

    def start(word: str) -> AbstractContextManager[Site]:
        name = f"gridmap_{word}_{worker_id}_{os.getpid()}"
        return _running(name, template, tmp_path_factory.mktemp(word), django_db_blocker)

    return start


@pytest.fixture(scope="session")
def server(start_server: Callable[[str], AbstractContextManager[Site]]) -> Iterator[Site]:
    """The server most tests share."""
    with start_server("site") as running:
        yield running


@contextmanager
def _running(name: str, template: str, folder: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Site]:
    with django_db_blocker.unblock():
        _clone(name, template)
        database_url = _database_url(name)
    try:
        with serving(database_url, folder) as running:
            yield running
    finally:
        with django_db_blocker.unblock():
            _admin_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[Site]:
    """The server on a database that is there; its log and photos go to ``folder``."""
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "MEDIA_ROOT": str(folder / "media"),
        "DEBUG": "1",
        # All browser tests share it, and each looks for its own case, however many the others have left open.
        "DESK_ROWS": "1000",
        "LOG_LEVEL": "WARNING",
    }
    # The server is given a socket that listens already: a port merely found free could be another's by then.
    with (folder / "log").open("wb") as log, socket.create_server(("127.0.0.1", 0)) as listening:
        url, handed = f"http://127.0.0.1:{listening.getsockname()[1]}", listening.fileno()
        options = ["--bind", f"fd://{handed}", "--timeout", str(PATIENCE_S)]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "gridmap.wsgi", *options],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            pass_fds=[handed],
        )
    try:
        _wait_until_ready(url, folder / "log")
        yield Site(url, process, database_url)
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def _wait_until_ready(url: str, log: Path) -> None:
    """The first answer comes when the server is up; should it die instead, its socket closes and breaks the wait."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE_S):
            return
    except OSError as error:
        raise RuntimeError(f"the server did not come up: {error}\n{log.read_text(errors='replace')[-3000:]}") from None


@pytest.fixture
def site(server: Site) -> str:
    """The address of the running server."""
    return server.url


# The town of the accounts the demonstration lists.
SHOWCASE_TOWN = "360702001"


@pytest.fixture
def let_in(server: Site) -> Callable[..., tuple[str, str]]:
    """Give somebody of a post at an organisation the demonstration's password: code and username."""
    return partial(let_in_at, server.database_url)


def let_in_at(database_url: str, role: str, organisation: str, area: str = SHOWCASE_TOWN) -> tuple[str, str]:
    """The same on any database."""
    with psycopg2.connect(database_url) as database, database.cursor() as cursor:
        cursor.execute(
            """UPDATE auth_user SET password = (SELECT password FROM auth_user WHERE username = 'admin')
               WHERE id = (SELECT p.user_id FROM gridmap_person p
                           JOIN gridmap_appointment a ON a.person_id = p.code
                           JOIN gridmap_organisation o ON o.code = a.organisation_id
                           WHERE a.role = %s AND o.area_id = %s AND o.name LIKE %s ORDER BY p.code LIMIT 1)
               RETURNING (SELECT code FROM gridmap_person WHERE user_id = auth_user.id), username""",
            [role, area, f"%{organisation}"],
        )
        found = cursor.fetchone()
    assert found is not None
    return found
