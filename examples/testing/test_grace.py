"""How an application is tested without a network: plain objects in place of WebSockets."""

# -- docs test --
from typing import Any

from dualwire import ConnectionManager
from dualwire.testing import ManualClock


class Page:
    """What stands in for a WebSocket: it keeps what it was sent."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    async def send_json(self, event: Any) -> None:
        self.events.append(event)


async def test_who_lost_every_connection_stays_for_a_moment() -> None:
    clock = ManualClock()
    manager = ConnectionManager(clock=clock)
    left: list[str] = []
    manager.on_player_offline(left.append)
    page = Page()

    assert await manager.connect_websocket(page, "ann")
    assert await manager.send_personal_message("ann", {"text": "Hello"})
    await clock.advance(1.0)
    assert page.events == [{"text": "Hello"}]

    await manager.disconnect_websocket("ann", page)
    await clock.advance(10.0)
    assert left == []
    await clock.advance(10.0)
    assert left == ["ann"]
    await manager.stop()


# -- end --
