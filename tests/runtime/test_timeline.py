from __future__ import annotations

from dualwire.runtime.stats import Stats
from dualwire.runtime.timeline import MOMENTS, Timeline
from tests.game import Game
from tests.live import until


async def test_every_turn_of_housekeeping_is_a_moment(game: Game) -> None:
    timeline = game.manager.node.timeline
    async with game.both("ann") as (socket, _):
        await game.manager.broadcast_global({"n": 1})
        await socket.wait(1)
        await until(lambda: game.manager.node.stats.deliveries >= 2)
        await game.clock.advance(2.0)
        before, last = timeline.moments[-2:]
        assert last.at - before.at == 1.0
        assert (last.websocket, last.sse, last.published) == (1, 1, 1)
        assert last.deliveries >= 2
    await game.connected("ann")
    await game.clock.advance(1.0)
    last = timeline.moments[-1]
    assert (last.websocket, last.sse, last.closed) == (0, 0, 2)


def test_five_minutes_are_kept() -> None:
    timeline, stats = Timeline(), Stats()
    for second in range(MOMENTS + 1):
        timeline.take(float(second), stats)
    assert len(timeline.moments) == MOMENTS
    assert timeline.moments[0].at == 1.0
