"""Keys that a login server publishes, and changes when it likes (RFC 7517)."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import structlog

from ...abc import Clock
from ...clock import SystemClock
from ...exceptions import ConfigurationError, EngineError
from .keys import Key, Keys, keys_of, matching

__all__ = ["JWKS"]

log = structlog.get_logger("dualwire")

FETCH_TIMEOUT = 5.0
"""Seconds for one fetch; a handshake has 10 in all."""

SIZE = 256 * 1024
"""Bytes that a key set may have."""


class JWKS(Keys):
    """A key set at an address.

    Fetched when first needed, then in the background once it is ``refresh`` old, while the old keys
    still serve; and at once for a ``kid`` that is not known, but not more often than each
    ``cooldown``, whoever asks for whatever. Nobody is let in by keys that could not be looked at
    for ``keep``, nor while there are none.

    Args:
        url: where it is, ``https://login.example/.well-known/jwks.json`` for example.
        refresh: seconds after which it is fetched again.
        keep: seconds after which keys that could not be fetched again serve no longer.
        cooldown: seconds between two fetches at the least.
        clock: time; ``None`` for the system's.
        http: what fetches; ``None`` for a client of its own.

    Raises:
        ConfigurationError: the address is not one of https (of http only on this machine).
    """

    def __init__(
        self,
        url: str,
        *,
        refresh: float = 600.0,
        keep: float = 24 * 3600.0,
        cooldown: float = 10.0,
        clock: Clock | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        _check(url)
        self._url = url
        self._refresh = refresh
        self._keep = keep
        self._cooldown = cooldown
        self._clock = clock or SystemClock()
        self._http = http
        self._keys: list[Key] = []
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._problem = "it was not asked yet"
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[Key]:
        if self._age() >= self._keep:
            await self._fetch()
            if self._age() >= self._keep:
                raise EngineError("verify", f"no keys from the login server: {self._problem}")
        elif self._age() >= self._refresh:
            self._begin()
        found = matching(self._keys, algorithm, key_id)
        if not found and key_id not in {key.id for key in self._keys}:
            asked = await self._fetch()
            found = matching(self._keys, algorithm, key_id)
            if not found and asked and self._problem:
                # Perhaps it is signed with the newest key, which cannot be looked up now.
                raise EngineError("verify", f"no new keys from the login server: {self._problem}")
        return found

    def _age(self) -> float:
        now = self._clock.now()
        return now - self._fetched_at if self._fetched_at is not None else float("inf")

    async def _fetch(self) -> bool:
        """Fetch the keys, or wait for whoever does.

        Returns:
            False at once, if that was tried just now.
        """
        self._begin()
        if self._fetching is None:
            return False
        # Who waits may be given up; the fetch goes on for the others.
        await asyncio.shield(self._fetching)
        return True

    def _begin(self) -> None:
        """Begin to fetch in the background, unless somebody does, or did a moment ago."""
        now = self._clock.now()
        tried_at = self._tried_at
        if self._fetching is None and (tried_at is None or now - tried_at >= self._cooldown):
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch_once())

    async def _fetch_once(self) -> None:
        try:
            self._keys = keys_of(json.loads(await self._read()))
        except (httpx.HTTPError, ValueError, RecursionError, TimeoutError) as error:
            self._problem = f"{type(error).__name__}: {error}"[:200]
            log.warning("keys_not_fetched", url=self._url, cause=self._problem)
        else:
            self._problem = ""
            self._fetched_at = self._clock.now()
            log.info("keys_fetched", url=self._url, keys=len(self._keys))
        finally:
            self._fetching = None

    async def _read(self) -> bytes:
        if self._http is not None:
            return await self._read_with(self._http)
        # Once in ten minutes: not worth a connection that is kept.
        async with httpx.AsyncClient() as http:
            return await self._read_with(http)

    async def _read_with(self, http: httpx.AsyncClient) -> bytes:
        body = bytearray()
        async with (
            asyncio.timeout(FETCH_TIMEOUT),
            http.stream("GET", self._url, headers={"accept": "application/json"}) as answer,
        ):
            if answer.status_code != 200:
                raise ValueError(f"the answer is {answer.status_code}")
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > SIZE:
                    raise ValueError(f"the answer has more than {SIZE} bytes")
        return bytes(body)


def _check(url: str) -> None:
    """Keys that anybody on the way can exchange are none."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ConfigurationError("jwks_url", "an address of https", url) from None
    if parts.scheme == "https" and host:
        return
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if parts.scheme != "http" or not local:
        expected = "an address of https; http is for this machine only"
        raise ConfigurationError("jwks_url", expected, url)
