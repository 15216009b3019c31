"""``ConnectionManager``: the specification's API, thin over the node and its hub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ..abc import Clock, Engine
from ..clock import SystemClock
from ..config import Config
from ..engines.memory import MemoryEngine
from ..exceptions import ConfigurationError
from ..flags import Flags
from ..runtime.node import Node
from ..types import JSONObject
from .adopting import adopt
from .compat import OlderNames

__all__ = ["ConnectionManager"]


class ConnectionManager(OlderNames):
    """Every player on a WebSocket **and** an SSE connection at once, as one session.

    Create one per application, give it to :func:`dualwire.http.realtime_router`, and publish::

        manager = ConnectionManager()
        app = FastAPI(lifespan=manager.lifespan)
        app.include_router(realtime_router(manager, authenticator))
        ...
        await manager.broadcast_to_room("hall", {"text": "The door creaks."})

    All methods are to be called from the event loop's thread. A manager starts by itself at the
    first call that needs it; :meth:`lifespan` starts it with the application and stops it.

    Args:
        engine: where streams and sessions live; ``None`` for this process's memory.
        config: everything that can be set; ``None`` for the defaults.
        clock: time; ``None`` for the system's.
        secret: at least 16 characters from which the MAC in session ids is made, so that another
            player's id is refused without a look-up, and with which nodes that share an engine sign
            what they tell each other; ``None`` for neither.
        node_id: this node's name in event ids; ``None`` for a random one.
        flags: who has ``dual_connections`` while that is rolled out
            (:class:`dualwire.flags.RolloutFlags`, or any provider of OpenFeature by
            :class:`dualwire.flags.OpenFeatureFlags`); ``None`` for everybody.
    """

    def __init__(
        self,
        engine: Engine | None = None,
        config: Config | None = None,
        *,
        clock: Clock | None = None,
        secret: str | None = None,
        node_id: str | None = None,
        flags: Flags | None = None,
    ) -> None:
        config = config or Config()
        clock = clock or SystemClock()
        own = engine or MemoryEngine(clock, config.history, config.session)
        node = Node(
            own,
            clock,
            config,
            session_key=_key("session-id", secret),
            cluster_key=_key("cluster", secret) or b"",
            node_id=node_id,
            flags=flags,
        )
        super().__init__(node)
        self.node.engine_given = engine is not None

    # Life

    @asynccontextmanager
    async def lifespan(self, app: object = None) -> AsyncIterator[None]:
        """Start with an application and stop with it: ``FastAPI(lifespan=manager.lifespan)``.

        Args:
            app: the application; not used, but what frameworks pass.
        """
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    async def start(self) -> None:
        """Begin to work in the running loop. Idempotent."""
        await self.node.start()

    async def stop(self) -> None:
        """End every connection with code 1012, then let go of everything. Idempotent."""
        await self.node.stop()

    async def drain(self) -> None:
        """Take no new connections, and let clients connect to another node before theirs end here.

        For servers that say when they are going to stop: those of :func:`dualwire.server.serve` and
        uvicorn do it by themselves. Where there is no other node (the engine is this process's
        own), or ``Config.drain_grace`` is None, all end at once with code 1012.

        Returns when no connection is left to be ended, at the latest after the grace.
        """
        await self.node.drain()

    # Hooks

    def on_command(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """Call ``hook(command)`` for every message of a client; also usable as a decorator.

        What it returns (a dict) answers the connection that asked. Commands of one player run one
        at a time; an exception answers that connection with an error and harms nobody else.
        """
        self.node.hooks.on_command = hook
        return hook

    def on_player_online(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """Call ``hook(player_id)`` once when a player arrives, by whatever connection."""
        self.node.hooks.on_player_online = hook
        return hook

    def on_player_offline(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """Call ``hook(player_id)`` once when a player left: by logout at once, else after grace."""
        self.node.hooks.on_player_offline = hook
        return hook

    def on_connection_opened(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """Call ``hook(player_id, connection_id)`` for every connection that carries from now on."""
        self.node.hooks.on_connection_opened = hook
        return hook

    def on_connection_closed(self, hook: Callable[..., Any]) -> Callable[..., Any]:
        """Call ``hook(player_id, connection_id, code)`` for every connection that ended."""
        self.node.hooks.on_connection_closed = hook
        return hook

    @property
    def authorize(self) -> Callable[[str, JSONObject], bool] | None:
        """``authorize(player_id, event)``: whether a player gets an event; ``None`` for everybody.

        Asked once per player and event, at the single point of fan-out, and again on replay. It
        must not wait and must not publish. If it raises, the player does not get the event.
        """
        return self.node.hub.permission.authorize

    @authorize.setter
    def authorize(self, hook: Callable[[str, JSONObject], bool] | None) -> None:
        self.node.hub.permission.authorize = hook

    async def adopt(self, old: object) -> dict[str, int]:
        """Take over the connection tables of an old manager, of one id or of lists per player.

        Its WebSockets stay open and carry from now on. SSE ids are not taken: an SSE response can
        only be sent by who began it, and its client opens a new one by itself.

        Args:
            old: has ``active_websockets`` and ``player_websockets``, and perhaps
                ``player_sessions``, ``online_players`` and ``room_subscriptions``.

        Returns:
            How many ``players``, ``connections`` and ``subscriptions`` were taken over.
        """
        return await adopt(self, old)


def _key(purpose: str, secret: str | None) -> bytes | None:
    if secret is None:
        return None
    if len(secret) < 16:
        raise ConfigurationError("secret", "at least 16 characters", f"{len(secret)} characters")
    return f"{purpose}:{secret}".encode()
