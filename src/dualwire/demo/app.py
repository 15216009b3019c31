"""The whole game as one application."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI

from ..http import JWTAuthenticator, admin_router, monitoring_router, realtime_router
from ..http.attempts import Attempts
from ..http.origins import OriginPolicy
from ..manager import ConnectionManager
from .accounts import AccountPolicy, Accounts
from .game import Game
from .login import login_router
from .pages import pages_router
from .world import load_world

__all__ = ["create_app"]


def create_app(
    manager: ConnectionManager,
    authenticator: JWTAuthenticator,
    *,
    world_path: Path | None = None,
    accounts_path: Path | None = None,
    account_policy: AccountPolicy | None = None,
    allowed_origins: Iterable[str] = (),
    api_key: str | None = None,
) -> FastAPI:
    """Arkham: the town, its login, its page, and the endpoints that carry it.

    Args:
        manager: keeps the connections; its hooks become the game's.
        authenticator: issues and verifies the players' tokens.
        world_path: the town's file; ``None`` for the one that the game comes with.
        accounts_path: where accounts are kept; ``None`` for this process's memory only.
        account_policy: what strangers may take; ``None`` for the defaults.
        allowed_origins: pages elsewhere that may play, ``https://game.example`` for example.
        api_key: opens the server API, and monitoring to other machines; ``None`` for neither.

    Raises:
        WorldError: the world file cannot be used.
        ConfigurationError: the account file or an origin cannot be used.
    """
    origins = tuple(allowed_origins) if not isinstance(allowed_origins, str) else allowed_origins
    node = manager.node
    attempts = Attempts(node.engine, node.clock)
    accounts = Accounts(account_policy, path=accounts_path, clock=node.clock, attempts=attempts)
    game = Game(manager, load_world(world_path), accounts.name_of)
    app = FastAPI(title="Arkham", docs_url=None, redoc_url=None, lifespan=game.lifespan)
    app.include_router(pages_router(manager, game.town))
    app.include_router(login_router(manager, authenticator, accounts, OriginPolicy(origins)))
    app.include_router(realtime_router(manager, authenticator, allowed_origins=origins))
    app.include_router(monitoring_router(manager, api_key=api_key))
    if api_key is not None:
        app.include_router(admin_router(manager, api_key))
    return app
