"""The ASGI application: static files, then sockets and pages."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

from django.core.asgi import get_asgi_application

pages = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402  (needs the applications loaded)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from django.conf import settings  # noqa: E402
from servestatic import ServeStaticASGI  # noqa: E402

from webapp.lib.asgi import signed_in_only  # noqa: E402
from webapp.routing import sockets  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": ServeStaticASGI(
            pages,
            root=settings.STATIC_ROOT,
            prefix=settings.STATIC_URL,
            immutable_file_test=r"\.[0-9a-f]{12}\.",
        ),
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(signed_in_only(URLRouter(sockets)))),
    }
)
