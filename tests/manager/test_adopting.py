"""Taking over an old manager's tables, in both shapes that old managers have."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from dualwire import ConnectionManager

from ..live import until


class OldSocket:
    """A WebSocket that an old manager holds, accepted long ago."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def send_json(self, data: Any) -> None:
        self.events.append(data)


@pytest.fixture
async def manager() -> AsyncIterator[ConnectionManager]:
    fresh = ConnectionManager()
    await fresh.start()
    yield fresh
    await fresh.stop()


async def test_one_connection_id_per_player(manager: ConnectionManager) -> None:
    socket = OldSocket()
    old = SimpleNamespace(
        active_websockets={"c1": socket},
        player_websockets={"ann": "c1"},
        active_sse_connections={"ann": "s1"},
        online_players={"ann": {"player_id": "ann", "player_name": "Ann", "level": 3}},
        room_subscriptions={"hall": {"ann"}},
    )
    taken = await manager.adopt(old)
    assert taken == {"players": 1, "connections": 1, "subscriptions": 1}
    assert manager.online_players["ann"]["player_name"] == "Ann"
    assert manager.online_players["ann"]["level"] == 3
    await manager.broadcast_to_room("hall", {"n": 1})
    await until(lambda: socket.events == [{"n": 1}])


async def test_lists_of_connection_ids_sessions_and_uuids(manager: ConnectionManager) -> None:
    player, sockets = uuid4(), [OldSocket(), OldSocket()]
    old = SimpleNamespace(
        active_websockets={"c1": sockets[0], "c2": sockets[1]},
        player_websockets={player: ["c1", "c2", "gone"]},
        player_sessions={player: "session-1"},
        room_subscriptions={"hall": [player], "empty": []},
    )
    taken = await manager.adopt(old)
    assert taken == {"players": 1, "connections": 2, "subscriptions": 1}
    assert manager.get_player_session(player) == "session-1"
    await manager.send_personal_message(player, {"n": 1})
    await until(lambda: all(socket.events == [{"n": 1}] for socket in sockets))


async def test_an_old_manager_without_tables_is_no_error(manager: ConnectionManager) -> None:
    assert await manager.adopt(object()) == {"players": 0, "connections": 0, "subscriptions": 0}


async def test_a_players_level_survives_and_its_id_cannot_be_overwritten(
    manager: ConnectionManager,
) -> None:
    old = SimpleNamespace(
        active_websockets={"c1": OldSocket()},
        player_websockets={"ann": "c1"},
        online_players={"ann": {"player_id": "mallory", "level": 9}},
    )
    await manager.adopt(old)
    assert manager.online_players["ann"]["player_id"] == "ann"
