"""HTTP: the endpoints that clients, backends and monitoring use, for FastAPI and Starlette.

* :func:`realtime_router`: WebSockets, event streams, sessions, commands
* :func:`admin_router`: the server API for backends in any language
* :func:`monitoring_router`: figures for people and for Prometheus
* :func:`routes_of`: the routes of these, for Starlette without FastAPI
* :class:`JWTAuthenticator`: who a token belongs to, by a :class:`SharedSecret`,
  :class:`PublicKeys` or :class:`JWKS`
* :func:`install_redaction`: no secret of a URL reaches a log
"""

from .admin import admin_router
from .auth import JWKS, JWTAuthenticator, Keys, PublicKeys, SharedSecret
from .monitoring import monitoring_router
from .redaction import install_redaction
from .router import realtime_router
from .routing import routes_of

__all__ = [
    "JWKS",
    "JWTAuthenticator",
    "Keys",
    "PublicKeys",
    "SharedSecret",
    "admin_router",
    "install_redaction",
    "monitoring_router",
    "realtime_router",
    "routes_of",
]
