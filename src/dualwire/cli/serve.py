"""``dualwire serve``: the demo game, or any ASGI application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console

from ..core.rollout import Rollout
from ..demo import create_app
from ..demo.world import WorldError
from ..engines.choosing import MEMORY
from ..exceptions import ConfigurationError, EngineError
from ..flags import RolloutFlags
from ..http import JWKS, JWTAuthenticator, Keys, PublicKeys
from ..logs import configure_logging
from ..manager import ConnectionManager
from ..secret import find_secret
from ..server import AppError, ListenError, Supervisor, address_of, reserve
from ..server import serve as serve_app
from ..settings import Settings, load_settings, unknown_variables
from .exit_codes import (
    APP_UNUSABLE,
    BAD_SETTINGS,
    CANNOT_LISTEN,
    ENGINE_AWAY,
    OK,
    WORLD_UNREADABLE,
)
from .failing import fail

__all__ = ["authenticator_of", "secret_of", "serve"]

log = structlog.get_logger("dualwire")


def serve(
    app: Annotated[
        str | None,
        typer.Argument(help="Any ASGI application, module:attribute. Without one: the demo game."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen at; 0 for any.")] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate (PEM) to serve https and wss with.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, if it is in a file apart.")] = None,
    engine: Annotated[
        str | None,
        typer.Option(help="memory, or redis://HOST:PORT/DB, which several nodes may share."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve the port; above 1 with a Redis.")
    ] = None,
    world: Annotated[Path | None, typer.Option(help="World file of the demo game.")] = None,
    profile: Annotated[
        str | None, typer.Option(help="development, staging, production or mythosmud.")
    ] = None,
    secret_file: Annotated[Path | None, typer.Option(help="File that holds the secret.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option(help="console or json.")] = None,
    access_log: Annotated[
        bool | None, typer.Option("--access-log/--no-access-log", help="Log every request.")
    ] = None,
) -> None:
    """Serve the demo game, or any ASGI application."""
    settings = _settings(
        host=host,
        port=port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        engine=engine,
        workers=workers,
        world=world,
        profile=profile,
        secret_file=secret_file,
        log_level=log_level,
        log_format=log_format,
        access_log=access_log,
    )
    for name in unknown_variables():
        Console(stderr=True, soft_wrap=True).print(f"warning: nobody reads {name}", highlight=False)
    title = app or ("Arkham" if settings.world is None else settings.world.stem)
    if settings.workers == 1:
        _serve(app, settings, lambda url: _announce(f"{title} is served at {url}"))
    else:
        _supervise(app, settings, title)


def _serve(
    app: str | None,
    settings: Settings,
    announce: Callable[[str], None],
    *,
    supervised: bool = False,
) -> None:
    managers = None
    target: Any = app
    if app is None:
        target, manager = _demo(settings)
        managers = [manager]
    try:
        serve_app(target, settings, managers=managers, announce=announce, supervised=supervised)
    except ListenError as error:
        fail(CANNOT_LISTEN, error)
    except AppError as error:
        fail(APP_UNUSABLE, error)
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    except EngineError as error:
        fail(ENGINE_AWAY, f"the engine cannot be used: {error.cause}")


def _supervise(app: str | None, settings: Settings, title: str) -> None:
    if app is None and settings.engine == MEMORY:
        expected = "1, or --engine redis://HOST: the memory of one process is not another's"
        fail(BAD_SETTINGS, ConfigurationError("--workers", expected, settings.workers))
    configure_logging(settings.log_level, settings.log_format, for_good=True)
    try:
        reserved = reserve(settings.host, settings.port, settings.config())
    except ListenError as error:
        fail(CANNOT_LISTEN, error)
    with reserved, TemporaryDirectory(prefix="dualwire-") as folder:
        # Workers share what one process keeps in its memory: who has an account.
        shared: dict[str, Any] = {"port": reserved.getsockname()[1]}
        if settings.accounts is None:
            shared["accounts"] = Path(folder) / "accounts.json"
        settings = settings.model_copy(update=shared)

        def work(ready: Callable[[], None]) -> int:
            try:
                _serve(app, settings, lambda _: ready(), supervised=True)
            except typer.Exit as end:
                return end.exit_code
            return OK

        says = f"{title} is served at {address_of(settings, reserved)}"
        says += f" by {settings.workers} workers"
        code = Supervisor(settings.workers, work, lambda: _announce(says)).run()
    if code:
        raise typer.Exit(code)


def _settings(**given: Any) -> Settings:
    try:
        return load_settings(**given)
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)


def secret_of(settings: Settings) -> str:
    """The secret of this process, or the end of the command."""
    given = settings.secret.get_secret_value() if settings.secret is not None else None
    try:
        return find_secret(given, settings.secret_file, may_make=settings.makes_a_secret)
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)


def authenticator_of(settings: Settings, secret: str) -> JWTAuthenticator:
    """Who a token belongs to, by the settings of this process.

    Args:
        settings: name the login servers whose tokens are accepted as well.
        secret: signs the game's own.

    Raises:
        ConfigurationError: an address or a key file cannot be used.
    """
    keys: list[Keys] = []
    if settings.jwks_url is not None:
        keys.append(JWKS(settings.jwks_url))
    if settings.public_key_file is not None:
        keys.append(PublicKeys.read(settings.public_key_file))
    return JWTAuthenticator(
        secret,
        *keys,
        audience=settings.audience or None,
        issuer=settings.issuer,
        leeway=settings.leeway,
    )


def _demo(settings: Settings) -> tuple[Any, ConnectionManager]:
    secret = secret_of(settings)
    try:
        flags = RolloutFlags(Rollout(percentage=settings.rollout_percentage), settings.rollout_file)
        manager = ConnectionManager(config=settings.config(), secret=secret, flags=flags)
        app = create_app(
            manager,
            authenticator_of(settings, secret),
            world_path=settings.world,
            accounts_path=settings.accounts,
            allowed_origins=settings.allowed_origins,
            api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        )
    except WorldError as error:
        fail(WORLD_UNREADABLE, error)
    except ConfigurationError as error:
        fail(BAD_SETTINGS, error)
    return app, manager


def _announce(says: str) -> None:
    console = Console(soft_wrap=True)
    console.print(says, highlight=False, markup=False)
    console.file.flush()
