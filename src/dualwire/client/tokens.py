"""The player's token: given once, or fetched anew whenever the old one no longer serves."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import jwt

from ..abc import Clock
from ..core.encoding.json import encode_object
from ..exceptions import RefusedError

__all__ = ["NoTokenError", "Token", "Tokens", "expires_at"]

Token: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A token, or a function or coroutine function that returns a fresh one."""

REFRESH_BEFORE = 30.0
"""Seconds before a token expires at which the next one is sent; less for short-lived ones."""

SHORTEST = 1.0
"""Seconds between two tokens at the least."""

AGAIN = 5.0
"""Seconds after which a refresh that failed is tried again."""

TRIES = 2
"""Fresh tokens that are tried in a row; if the server takes none of them, it means it."""


class NoTokenError(ConnectionError):
    """The application's function gives no token."""


class Tokens:
    """Gives the token for each request.

    Args:
        token: see :data:`Token`.
    """

    def __init__(self, token: Token) -> None:
        self._source = None if isinstance(token, str) else token
        self._current = token if isinstance(token, str) else None
        self._refused = 0
        self._turn = asyncio.Lock()

    @property
    def renewable(self) -> bool:
        """Whether a fresh one can be had."""
        return self._source is not None

    async def current(self) -> str:
        """The token to use now."""
        async with self._turn:
            return self._current if self._current is not None else await self._fetch()

    async def renew(self) -> str:
        """Fetch a fresh one, whatever the old one is worth."""
        async with self._turn:
            return await self._fetch()

    def accepted(self) -> None:
        """The server took the current one."""
        self._refused = 0

    def refused(self, token: str) -> bool:
        """The server did not take a token.

        Returns:
            Whether there is another one to try.
        """
        if self._source is None:
            return False
        if token == self._current:
            # The next one who asks fetches it; if both connections were refused, that is once.
            self._current = None
            self._refused += 1
        return self._refused <= TRIES

    async def refresh(self, clock: Clock, send: Callable[[bytes], Awaitable[object]]) -> None:
        """Give the server a fresh token each time before the old one expires.

        Args:
            clock: time.
            send: brings a message to the server.
        """
        while True:
            try:
                at = expires_at(await self.current())
                if at is None:
                    return
                left = at - clock.wall()
                await clock.sleep(max(SHORTEST, left - min(REFRESH_BEFORE, left / 5)))
                message = {"type": "refresh", "token": await self.renew()}
                await send(encode_object(message))
            except (RefusedError, ConnectionError):
                # The connections need one too, and say so in their ``error``.
                await clock.sleep(AGAIN)

    async def _fetch(self) -> str:
        assert self._source is not None
        try:
            fetched = self._source()
            self._current = await fetched if inspect.isawaitable(fetched) else fetched
        except Exception as error:
            # The application's own function; it may reach its login server again later.
            raise NoTokenError(f"no fresh token: {error!r}") from error
        return self._current


def expires_at(token: str) -> float | None:
    """Wall-clock seconds at which a JSON Web Token expires; ``None`` if it does not say so.

    Nothing is verified: this only decides when to fetch the next one.
    """
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return None
    at = claims.get("exp")
    return float(at) if isinstance(at, (int, float)) else None
