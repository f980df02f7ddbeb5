"""All settings of Simpul; every variable read here is described in docs/configuration.md."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import environment as env
from simpul.core.style import public_style

REPO = Path(__file__).resolve().parents[2]
VAR = env.folder("SIMPUL_VAR", REPO / "var")
BACKUPS = env.folder("SIMPUL_BACKUPS", VAR / "backups")

# Which process this is. `owner` migrates and runs commands; the doors and the worker are separate
# processes that connect to PostgreSQL as separate roles.
DOOR = env.choice("SIMPUL_DOOR", {"owner", "public", "workspace", "worker"}, default="owner")
DEMO = env.flag("SIMPUL_DEMO")
# The database is being brought to this version: doors read, and the notice is on every page.
UPGRADING = env.flag("SIMPUL_UPGRADING")
DEBUG = False


def secret(name: str) -> str:
    """A secret that `./simpul` wrote into `var/secrets/`; the sentence says what to do when it is missing."""
    path = VAR / "secrets" / name
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        raise ImproperlyConfigured(
            f"The secret {name!r} is missing below SIMPUL_VAR; run ./simpul up once to make it."
        ) from None


def secret_if_any(name: str) -> str:
    """A secret that a provider gave and somebody laid into `var/secrets/`; empty where there is none."""
    path = VAR / "secrets" / name
    return path.read_text().strip() if path.exists() else ""


EXIT_URL = env.text("SIMPUL_EXIT_URL", "https://www.bmkg.go.id/")

SECRET_KEY = secret(f"{DOOR}-cookie")
PEPPER = bytes.fromhex(secret("pepper"))
RECEIPT_SECRET = bytes.fromhex(secret("receipt"))
INSTANCE = secret("instance")

# A second place for the audit chain's anchors: a folder, such as a mounted share; and a mail relay.
ANCHORS = env.text("SIMPUL_ANCHORS", "")
ANCHORS_TO = env.text("SIMPUL_ANCHORS_TO", "")
MAIL_RELAY = env.text("SIMPUL_MAIL_RELAY", "")
MAIL_FROM = env.text("SIMPUL_MAIL_FROM", "simpul@localhost")

# Hand-offs by SMS and WhatsApp: off unless a desk is named and a provider's every value is there.
HANDOFF_DESK = env.reference("SIMPUL_HANDOFF_DESK")
WHATSAPP_API = env.text("SIMPUL_WHATSAPP_API", "https://graph.facebook.com/v21.0").rstrip("/")
WHATSAPP_PHONE = env.text("SIMPUL_WHATSAPP_PHONE", "")
WHATSAPP_TOKEN = secret_if_any("whatsapp-token")
WHATSAPP_SECRET = secret_if_any("whatsapp-secret")
WHATSAPP_VERIFY = secret_if_any("whatsapp-verify")
TWILIO_API = env.text("SIMPUL_TWILIO_API", "https://api.twilio.com").rstrip("/")
TWILIO_ACCOUNT = env.text("SIMPUL_TWILIO_ACCOUNT", "")
TWILIO_FROM = env.text("SIMPUL_TWILIO_FROM", "")
TWILIO_TOKEN = secret_if_any("twilio-token")
GATEWAY_URL = env.text("SIMPUL_GATEWAY_URL", "").rstrip("/")
GATEWAY_USER = env.text("SIMPUL_GATEWAY_USER", "")
GATEWAY_PASSWORD = secret_if_any("gateway-password")
GATEWAY_KEY = secret_if_any("gateway-key")

# --- Doors -------------------------------------------------------------------------------------

HTTPS = env.flag("SIMPUL_HTTPS")
PROXY_HOPS = env.number("SIMPUL_PROXY_HOPS", 0)
ALLOWED_HOSTS = env.words("SIMPUL_HOSTS", "localhost 127.0.0.1 [::1]")
PASSKEY_HOST = env.text("SIMPUL_PASSKEY_HOST", next(iter(ALLOWED_HOSTS), "localhost"))
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS] if HTTPS else []
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_HOPS else None

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "simpul.core",
    "simpul.vault",
    "simpul.accounts",
    "simpul.network",
    "simpul.clocks",
    "simpul.wording",
    "simpul.directory",
    "simpul.handoffs",
    "simpul.questionnaires",
    "simpul.reports",
    "simpul.cases",
    "simpul.referrals",
    "simpul.site",
]

_OUTER = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "simpul.site.middleware.Quiet",
    "django.contrib.sessions.middleware.SessionMiddleware",
]
# What differs between the doors; tests switch between them with these same values.
DOORS: dict[str, dict[str, Any]] = {
    "public": {
        "ROOT_URLCONF": "simpul.site.urls_public",
        "SESSION_COOKIE_NAME": "s",
        "MIDDLEWARE": [
            "simpul.site.middleware.Compressed",
            *_OUTER,
            "django.middleware.csrf.CsrfViewMiddleware",
            "simpul.site.middleware.Context",
        ],
    },
    "workspace": {
        "ROOT_URLCONF": "simpul.site.urls_workspace",
        "SESSION_COOKIE_NAME": "w",
        "MIDDLEWARE": [
            *_OUTER,
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "simpul.site.middleware.SignedIn",
            "simpul.site.middleware.Context",
        ],
    },
}
ROOT_URLCONF = "simpul.site.urls_workspace"
MIDDLEWARE: list[str] = []
SESSION_COOKIE_NAME = "w"

SESSION_ENGINE = "simpul.accounts.sessions"
SESSION_COOKIE_AGE = 15 * 60
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = HTTPS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_USE_SESSIONS = True
CSRF_FAILURE_VIEW = "simpul.site.views.errors.csrf"
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["simpul.accounts.backend.Passphrase"]
LOGIN_URL = "accounts:sign_in"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"  # `no-referrer` would make Origin null, which CSRF refuses
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],  # voice notes, played in the page and kept nowhere
        "font-src": [NONE],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
# Only the public base page carries its style inside; it is allowed by its hash and nothing else is.
_digest = b64encode(sha256(public_style().encode()).digest()).decode()
DOORS["public"]["CONTENT_SECURITY_POLICY"] = {
    "DIRECTIVES": CONTENT_SECURITY_POLICY["DIRECTIVES"]
    | {"style-src": [f"'sha256-{_digest}'"], "media-src": [SELF]}  # pages read aloud
}
if DOOR in DOORS:
    globals().update(DOORS[DOOR])

# --- Database ----------------------------------------------------------------------------------

DATABASE_HOST = env.text("SIMPUL_DATABASE_HOST", str((VAR / "run").resolve()))
DATABASE_PORT = env.text("SIMPUL_DATABASE_PORT", "")
DATABASE_NAME = env.text("SIMPUL_DATABASE_NAME", "simpul")
# Tests connect as owner and take the role of the door for each request; processes connect as it.
ASSUME_ROLE = env.flag("SIMPUL_ASSUME_ROLE")
# Of two machines, one that fell silent is given up soon, and the other one asked.
SILENT = {
    "connect_timeout": 2,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": DATABASE_HOST,
        "PORT": DATABASE_PORT,
        "NAME": DATABASE_NAME,
        "USER": f"simpul_{DOOR}",
        "PASSWORD": secret(f"db-{DOOR}"),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {"min_size": 1, "max_size": 12, "timeout": 10}
            if DOOR in {"public", "workspace"}
            else False,
            "connect_timeout": 5,
            **(SILENT if "," in DATABASE_HOST else {}),
            **({"options": "-c default_transaction_read_only=on"} if UPGRADING else {}),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Templates, languages, time -----------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "simpul.site.navigation.context",
            ],
            "builtins": ["django.templatetags.i18n", "simpul.core.templatetags.simpul"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Texts are written in Indonesian in the code; English is a catalogue (ADR 0004).
LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
LOCALE_PATHS = [REPO / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Makassar"  # WITA; a region carries its own zone

# --- Bodies and files ---------------------------------------------------------------------------

# Bodies stay in memory: nothing a person writes touches a temporary folder.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
TEXT_LIMIT = 256 * 1024
FILE_LIMIT = 8 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = FILE_LIMIT + TEXT_LIMIT
DATA_UPLOAD_MAX_MEMORY_SIZE = TEXT_LIMIT
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Argon2id costs; tests outside tests/vault lower the memory, one test proves these values.
ARGON_MEMORY = env.number("SIMPUL_ARGON_MEMORY", 64 * 1024 * 1024)
ARGON_PASSES = 3

# Nothing content-bearing is logged: no path, no query, no parameters, no message (config/journal.py).
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "config.journal.Lines"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django.request": {"handlers": [], "propagate": False, "level": "CRITICAL"},
        "django.security": {"handlers": [], "propagate": False, "level": "CRITICAL"},
        "simpul": {"level": "INFO"},
    },
}
