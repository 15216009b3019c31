"""``dualwire serve`` with its game, in a process of its own, and what an operator asks it."""

from __future__ import annotations

import contextlib
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from dualwire.http import JWTAuthenticator

from ..children import child
from .suburbs import write

__all__ = ["Scrape", "Town", "serving"]

SERVE = "from dualwire.cli import main; main()"
READY = r"http://127\.0\.0\.1:(\d+)"


class Scrape:
    """What ``/metrics`` said at one moment."""

    def __init__(self, text: str) -> None:
        self.names: set[str] = set()
        """Families, counters with their ``_total``."""
        self._values: dict[str, list[tuple[dict[str, str], float]]] = {}
        for family in text_string_to_metric_families(text):
            self.names.add(family.name + ("_total" if family.type == "counter" else ""))
            for sample in family.samples:
                found = self._values.setdefault(sample.name, [])
                found.append((dict(sample.labels), sample.value))

    def value(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that have these labels."""
        wanted = labels.items()
        return sum(value for has, value in self._values.get(name, ()) if wanted <= has.items())

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums by one label."""
        found: dict[str, float] = {}
        for labels, value in self._values.get(name, ()):
            found[labels[label]] = found.get(labels[label], 0.0) + value
        return found


class Town:
    """A running game.

    Args:
        port: where.
        key: the operator's.
        tokens: issues what players sign in with.
    """

    def __init__(self, port: int, key: str, tokens: JWTAuthenticator) -> None:
        self.port = port
        self.key = key
        self._tokens = tokens
        self._http = httpx.AsyncClient(
            base_url=self.url, headers={"X-API-Key": key}, timeout=30.0, trust_env=False
        )

    @property
    def url(self) -> str:
        """The game's address."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, player: str) -> str:
        """A token that lasts for the run."""
        return self._tokens.issue(player, name=player.replace("-", " ").title(), lifetime=86400.0)

    async def scrape(self) -> Scrape:
        """The metrics, now."""
        answer = await self._http.get("/metrics")
        answer.raise_for_status()
        return Scrape(answer.text)

    async def ask(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Ask the server API or a monitoring endpoint: with a body, POST."""
        answer = await (
            self._http.get(path) if body is None else self._http.post(path, json=dict(body))
        )
        answer.raise_for_status()
        return answer.json()

    async def close(self) -> None:
        """Let go of its connections."""
        await self._http.aclose()


@contextlib.asynccontextmanager
async def serving(**environ: str) -> AsyncIterator[Town]:
    """The game in its :mod:`suburbs <bench.crowd.suburbs>`, while the block lasts.

    Args:
        environ: settings, by their variables.
    """
    secret, key = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
    given = {"DUALWIRE_SECRET": secret, "DUALWIRE_API_KEY": key, "DUALWIRE_LOG_LEVEL": "warning"}
    command = (sys.executable, "-c", SERVE, "serve", "--port", "0")
    async with contextlib.AsyncExitStack() as stack:
        world = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "suburbs.yaml"
        write(world)
        given["DUALWIRE_WORLD"] = str(world)
        process, port = await stack.enter_async_context(
            child(command, READY, environ=given | environ)
        )
        town = Town(int(port), key, JWTAuthenticator(secret))
        try:
            yield town
        finally:
            await town.close()
            assert process.returncode is None, "the server ended by itself"
