"""``dualwire serve``: any ASGI application on uvicorn, set up for connections that live long."""

from __future__ import annotations

import importlib
import importlib.util
import socket
import sys
from collections.abc import Callable, Collection
from typing import Any

import uvicorn

from ..engines.choosing import MEMORY, engine_of
from ..http import install_redaction
from ..logs import configure_logging
from ..manager import ConnectionManager
from ..settings import Settings
from .certificate import check_certificate
from .errors import AppError, ListenError, StartError
from .gateway import GatewayHTTPProtocol, GatewayWebSocketProtocol
from .handshake import guarded
from .listener import listen, reserve
from .stopping import Server
from .supervisor import Supervisor

__all__ = [
    "AppError",
    "ListenError",
    "StartError",
    "Supervisor",
    "address_of",
    "import_app",
    "managers_of",
    "reserve",
    "serve",
]


def serve(
    app: Any,
    settings: Settings,
    *,
    managers: Collection[ConnectionManager] | None = None,
    announce: Callable[[str], None] | None = None,
    supervised: bool = False,
) -> None:
    """Serve an ASGI application until SIGTERM or SIGINT; at most one call per process at a time.

    A manager that was made without an engine gets the one that the settings name.

    Args:
        app: the application, or its import string (``package.module:attribute``).
        settings: the process's.
        managers: whose connections are told (1012) when the server stops; ``None`` for those that
            :func:`managers_of` finds.
        announce: called with the address once the server really listens.
        supervised: whether other processes serve the same port, and our parent watches over us.

    Raises:
        EngineError: the engine that managers need does not answer.
        ListenError: the port is taken or not allowed, or there is no such address.
        AppError: the application cannot be imported, or does not start.
        ConfigurationError: the certificate cannot be used.
    """
    name = app if isinstance(app, str) else type(app).__name__
    configure_logging(settings.log_level, settings.log_format, for_good=True)
    if isinstance(app, str):
        app, found = import_app(app)
    else:
        found = managers_of(app)
    check_certificate(settings)
    managers = found if managers is None else managers
    _give_engine(name, managers, settings, supervised=supervised)
    listener = listen(settings.host, settings.port, settings.config(), shared=supervised)
    with listener:
        config = _uvicorn_config(app, settings)
        install_redaction()
        server = Server(
            config,
            managers,
            lambda: announce and announce(address_of(settings, listener)),
            supervised=supervised,
        )
        try:
            server.run(sockets=[listener])
        except SystemExit:
            # Uvicorn has written the traceback to the log by then.
            raise AppError(name, "its lifespan failed at the start; the log says why") from None


def _give_engine(
    name: str, managers: Collection[ConnectionManager], settings: Settings, *, supervised: bool
) -> None:
    bare = [each for each in managers if not each.node.engine_given]
    if settings.engine != MEMORY:
        if len(bare) > 1:
            problem = f"it has {len(bare)} connection managers, and one engine cannot serve them"
            raise AppError(name, f"{problem}; make each with its own: ConnectionManager(engine=…)")
        for manager in bare:
            node = manager.node
            wait = settings.engine_wait
            node.use(engine_of(settings.engine, node.clock, node.config, wait=wait))
    if supervised and not all(each.node.shared for each in managers):
        raise AppError(
            name,
            "its sessions are in each process's own memory, so there can be one worker only; for "
            "several give --engine redis://HOST, or make the manager with an engine that is shared",
        )


def _uvicorn_config(app: Any, settings: Settings) -> uvicorn.Config:
    options = settings.config()
    return uvicorn.Config(
        app,
        http=guarded(options.limits.handshake, GatewayHTTPProtocol),
        ws=GatewayWebSocketProtocol,
        ws_max_size=options.limits.message,
        ws_ping_interval=options.heartbeat.interval,
        ws_ping_timeout=options.heartbeat.pong_timeout,
        # Each compressed connection would keep a window of its own, and share no bytes.
        ws_per_message_deflate=False,
        log_config=None,
        access_log=settings.access_log,
        server_header=False,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=max(1, round(settings.shutdown_timeout)),
    )


def import_app(name: str) -> tuple[Any, list[ConnectionManager]]:
    """An application by its import string; modules of the working directory count.

    Args:
        name: ``package.module:attribute``; the attribute may have dots.

    Returns:
        The application, and the connection managers found with it.

    Raises:
        AppError: there is no such thing, or the module does not load.
    """
    module_name, _, attribute = name.partition(":")
    if not module_name or not attribute:
        raise AppError(repr(name), "expected module:attribute, for example mygame:app")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            raise AppError(name, f"there is no module {error.name!r}") from None
        raise AppError(name, f"{module_name} needs a missing module, {error.name!r}") from error
    except Exception as error:
        raise AppError(name, f"{module_name} fails: {type(error).__name__}: {error}") from error
    app: Any = module
    for part in attribute.split("."):
        try:
            app = getattr(app, part)
        except AttributeError:
            raise AppError(name, f"{module_name} has no {attribute!r}") from None
    if not callable(app):
        raise AppError(name, f"expected an ASGI application, got {type(app).__name__}")
    return app, managers_of(app, vars(module).values())


def managers_of(app: Any, beside: Collection[Any] = ()) -> list[ConnectionManager]:
    """The connection managers of an application.

    Args:
        app: looked at is its ``state``, as Starlette and FastAPI have it.
        beside: other places, the values of its module for example.
    """
    state = getattr(getattr(app, "state", None), "_state", {})
    found = [each for each in (*state.values(), *beside) if isinstance(each, ConnectionManager)]
    return list(dict.fromkeys(found))


def address_of(settings: Settings, listener: socket.socket) -> str:
    """Where a listening socket is reached, as people write it."""
    host, port = settings.host, listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if settings.tls_cert else 'http'}://{shown}:{port}"
