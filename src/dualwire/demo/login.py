"""The game's own login, for browsers (a cookie) and for programs (a bearer token)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..codes import LOGGED_OUT
from ..exceptions import AuthenticationError, RefusedError
from ..http import JWTAuthenticator
from ..http.addresses import peer_of
from ..http.bodies import read_body
from ..http.credentials import COOKIE, read_credentials
from ..http.origins import OriginPolicy
from ..http.routing import add_endpoint, add_preflight
from ..manager import ConnectionManager
from ..types import Identity
from .accounts import INVALID, Account, Accounts

__all__ = ["address_of", "login_router"]

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class _Credentials(msgspec.Struct):
    username: Text
    password: Text


T = TypeVar("T")


class _Login:
    """The endpoints.

    Args:
        manager: holds the sessions that a logout ends.
        authenticator: issues and verifies tokens.
        accounts: who may play.
        origins: pages that may log in.
    """

    def __init__(
        self,
        manager: ConnectionManager,
        authenticator: JWTAuthenticator,
        accounts: Accounts,
        origins: OriginPolicy,
    ) -> None:
        self._manager = manager
        self._authenticator = authenticator
        self._accounts = accounts
        self._origins = origins

    async def register(self, request: Request) -> Response:
        """Make an account and log in."""
        given = await self._read(request)
        account = await self._accounts.register(given.username, given.password, address_of(request))
        return self._welcome(request, account)

    async def login(self, request: Request) -> Response:
        """Log in."""
        given = await self._read(request)
        account = await self._accounts.login(given.username, given.password, address_of(request))
        return self._welcome(request, account)

    async def guest(self, request: Request) -> Response:
        """Log in without an account."""
        self._check_site(request)
        return self._welcome(request, self._accounts.guest(address_of(request)))

    async def me(self, request: Request) -> Response:
        """Who the token belongs to."""
        identity = await self._identity(request)
        name = self._accounts.name_of(identity.player_id) or identity.name or identity.player_id
        facts = {
            "id": identity.player_id,
            "username": name,
            "email": None,
            "is_superuser": False,
        }
        return JSONResponse(facts, headers={"cache-control": "no-store"})

    async def logout(self, request: Request) -> Response:
        """End the player's session, revoke the token and forget the cookie.

        With ``?session=keep`` the cookie only: who plays on elsewhere may leave here.
        """
        self._check_site(request)
        response = JSONResponse({"message": "Logged out"})
        if request.query_params.get("session") == "keep":
            response.delete_cookie(COOKIE, httponly=True, samesite="lax")
            return response
        try:
            identity = await self._identity(request)
        except AuthenticationError:
            pass  # An expired token has no session to end, but its cookie may go.
        else:
            await self._manager.disconnect_player(identity.player_id, LOGGED_OUT)
            if identity.token_id is not None:
                await self._manager.revoke_token(identity.token_id, until=identity.expires_at)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    async def _identity(self, request: Request) -> Identity:
        token = read_credentials(request).token
        if token is None:
            raise AuthenticationError("There is no token: log in first.")
        identity = await self._authenticator.authenticate(token)
        self._manager.node.revoking.check(identity)
        return identity

    async def _read(self, request: Request) -> _Credentials:
        self._check_site(request)
        body = await read_body(request, self._manager.config.limits)
        try:
            return msgspec.json.decode(body, type=_Credentials)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RefusedError(str(error), INVALID) from None

    def _check_site(self, request: Request) -> None:
        """No page elsewhere logs somebody in or out: its visitor would play as it pleases."""
        by_browser = "origin" in request.headers or "sec-fetch-site" in request.headers
        self._origins.check(request, cookie=by_browser)

    def _welcome(self, request: Request, account: Account) -> Response:
        token = self._authenticator.issue(
            account.player_id, name=account.name, lifetime=account.life
        )
        response = JSONResponse(
            {
                "access_token": token,
                "token_type": "bearer",
                "user_id": account.player_id,
                "has_character": True,
                "character_name": account.name,
            },
            headers={"cache-control": "no-store"},
        )
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(account.life),
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response


def login_router(
    manager: ConnectionManager,
    authenticator: JWTAuthenticator,
    accounts: Accounts,
    origins: OriginPolicy,
) -> APIRouter:
    """``/auth/register``, ``/auth/login``, ``/auth/guest``, ``/auth/me``, ``/auth/logout``.

    Args:
        manager: holds the sessions that a logout ends.
        authenticator: issues and verifies tokens.
        accounts: who may play.
        origins: pages that may log in; those of this server always may.
    """
    login = _Login(manager, authenticator, accounts, origins)
    endpoints: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", "/auth/register", login.register),
        ("POST", "/auth/login", login.login),
        ("POST", "/auth/guest", login.guest),
        ("POST", "/auth/logout", login.logout),
        ("GET", "/auth/me", login.me),
    ]
    router = APIRouter(tags=["login"])
    for method, path, endpoint in endpoints:
        add_endpoint(router, method, path, endpoint, extra=origins.cors_headers)
        add_preflight(router, path, [method], origins)
    return router


def address_of(request: Request) -> str:
    """Where a request came from, as far as limits go: an IPv6 peer owns its whole /64."""
    return peer_of(request.client.host) if request.client else "unknown"
