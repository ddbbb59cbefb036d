"""Settings of the site: one file, read from the environment, refusing to guess.

Development needs no environment at all. With ``DEBUG`` off every secret is named or the process does not start.
Each variable is described in ``docs/guide/install.md``.
"""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from gridmap import mail
from gridmap.geolibs import GDAL_LIBRARY_PATH, GEOS_LIBRARY_PATH

__all__ = ["GDAL_LIBRARY_PATH", "GEOS_LIBRARY_PATH"]

BASE_DIR = Path(__file__).resolve().parent.parent


def env_bool(name: str, *, default: bool) -> bool:
    """Read a switch; anything but a clear yes or no is refused."""
    value = os.environ.get(name, "").strip().lower()
    if value == "":
        return default
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    raise ImproperlyConfigured(f"{name}={value}: expected 1 or 0")


def env_count(name: str, *, default: int) -> int:
    """Read how many, at least one; anything else is refused."""
    value = os.environ.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise ImproperlyConfigured(f"{name}={value}: expected a whole number above 0")
    return int(value)


def env_list(name: str) -> list[str]:
    """Read a comma-separated list."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


DEBUG = env_bool("DEBUG", default=False)


def env_required(name: str, *, in_debug: str) -> str:
    """Read a value that has a fallback in debug only."""
    value = os.environ.get(name, in_debug if DEBUG else "")
    if not value:
        raise ImproperlyConfigured(f"{name} must be set when DEBUG is off (see docs/guide/install.md)")
    return value


SECRET_KEY = env_required("SECRET_KEY", in_debug="for-development-only-not-a-secret")
ALLOWED_HOSTS = (
    env_list("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
    if DEBUG
    else [part.strip() for part in env_required("ALLOWED_HOSTS", in_debug="").split(",")]
)
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
DATABASE_URL = env_required("DATABASE_URL", in_debug="postgres:///gridmap")

INSTALLED_APPS = [
    "gridmap.apps.GridmapConfig",
    "cases.apps.CasesConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "django.contrib.postgres",
    "rest_framework",
    "rest_framework_gis",
    "drf_spectacular",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gridmap.middleware.content_security_policy",
    "gridmap.middleware.bound_length",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gridmap.problems.answer_problems",
]

ROOT_URLCONF = "gridmap.urls"
WSGI_APPLICATION = "gridmap.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.debug",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gridmap.context.site",
                "gridmap.context.registry",
            ],
        },
    }
]

DATABASES = {
    "default": dj_database_url.parse(
        DATABASE_URL,
        engine="django.contrib.gis.db.backends.postgis",
        conn_max_age=600,
        conn_health_checks=True,
    )
    # PostgreSQL writes times in JSON by its session's zone; everything that goes out carries +08:00.
    | {"TIME_ZONE": "Asia/Shanghai"}
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "desk"
LOGOUT_REDIRECT_URL = "map"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("SECURE_COOKIES", default=not DEBUG)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_PROXY", default=False) else None
X_FRAME_OPTIONS = "SAMEORIGIN"

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static_root"
STATICFILES_DIRS = [
    ("vendor/leaflet", BASE_DIR / "node_modules/leaflet/dist"),
    ("vendor/leaflet.markercluster", BASE_DIR / "node_modules/leaflet.markercluster/dist"),
    ("vendor/bootstrap", BASE_DIR / "node_modules/bootstrap/dist"),
    ("vendor/bootstrap-icons", BASE_DIR / "node_modules/bootstrap-icons/icons"),
    ("vendor/echarts", BASE_DIR / "node_modules/echarts/dist"),
]
# Of these nothing else: the rest of the package is 50 MB of other ways to load the same.
STATICFILES_ONLY = {"vendor/echarts": {"echarts.common.min.js"}}
STATICFILES_FINDERS = [
    "gridmap.finders.ChosenFiles",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
MEDIA_ROOT = Path(os.environ.get("MEDIA_ROOT", BASE_DIR / "var" / "media"))
STORAGES = {
    "default": {"BACKEND": "gridmap.storage.WholeFileStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedStaticFilesStorage" if DEBUG else "gridmap.storage.ModuleAwareStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
# Six photos of 12 MB each and the text around them; each photo is checked by itself when it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
# A file of areas; a request may be as long as the longest thing asked for, and a little for the form around it.
MAX_AREA_FILE = 64 * 1024 * 1024
MAX_REQUEST = 80 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "gridmap.parsers.BoundedJSONParser",
        "rest_framework.parsers.MultiPartParser",
        "rest_framework.parsers.FormParser",
    ],
    # `?format=` is a parameter like any other, and none we know.
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "gridmap.problems.rest_exception",
    "DATETIME_FORMAT": "iso-8601",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "gridmap",
    "DESCRIPTION": "镇街吹哨、部门报到: areas, routing and cases of a city district.",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "ENUM_NAME_OVERRIDES": {"CaseKindEnum": "cases.models.Case.Kind"},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gridmap.features.description.describe_collections",
        "gridmap.features.description.describe_tile_layers",
        "gridmap.features.description.describe_figures",
    ],
}

# What the site offers, by dotted path: gridmap imports no package above it.
COLLECTIONS = [
    "gridmap.features.areas.AREAS",
    "gridmap.features.rivers.RIVERS",
    "cases.features.CASES",
    "cases.features.WHISTLES",
    "cases.overdue.OVERDUE",
]
TILE_LAYERS = [
    "gridmap.features.areas.AREA_TILES",
    "cases.tiles.CASE_TILES",
    "cases.theme_tiles.HEAT_TILES",
    "cases.theme_tiles.OVERDUE_TILES",
    "cases.theme_tiles.COVERAGE_TILES",
]
# Figures by area, and other answers in JSON, that the description tells of.
FIGURES = [
    "cases.sheets.COUNTS",
    "cases.sheets.COVERAGE",
    "cases.sheets.GROUND",
    "cases.overdue.OVERDUE_SUMS",
    "cases.map_api.HOTSPOTS",
    "cases.map_api.DENSITY",
    "cases.review_pages.REVIEW",
]
# What the one map shows, one layer at a time, and the filters that all layers share.
MAP_LAYERS = [
    "cases.layers.cases",
    "cases.layers.density",
    "cases.layers.hotspots",
    "cases.layers.overdue",
    "cases.layers.coverage",
    "cases.layers.ground",
]
MAP_FILTERS = "cases.layers.filters"
# Where open cases lie, for what a draft of boundaries would move: codes of areas → longitudes, latitudes, areas.
OPEN_POINTS = "cases.rerouting.open_points"
# Commands to run when an edition has been published.
AFTER_PUBLICATION = ["reroute_cases"]
# Gives the next cases the area they lie in since an edition came into force: edition, at → done, total, moved, finished.
REROUTE = "cases.rerouting.advance"
DEMONSTRATION_ACCOUNTS = "cases.demonstration.accounts.listed"
# How notices leave by e-mail: not at all, unless a server is named.
MAIL = mail.read(os.environ.get("EMAIL_URL", ""))
SENDS_MAIL = bool(MAIL)
EMAIL_BACKEND = MAIL.get("EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
EMAIL_HOST, EMAIL_PORT = MAIL.get("EMAIL_HOST", ""), MAIL.get("EMAIL_PORT", 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL.get("EMAIL_HOST_USER", ""), MAIL.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL.get("EMAIL_USE_SSL", False), MAIL.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = os.environ.get("EMAIL_FROM", "gridmap@localhost")
# Where people reach the site, for the links in what is sent out; without it they are paths.
SITE_URL = os.environ.get("SITE_URL", "").rstrip("/")
# How many cases a page of the desk shows at most.
DESK_ROWS = env_count("DESK_ROWS", default=30)
# The name people see; a district sets its own.
SITE_NAME = os.environ.get("SITE_NAME", "镇街吹哨 部门报到")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}
