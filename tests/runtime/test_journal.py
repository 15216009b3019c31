from __future__ import annotations

from dualwire import Config, Limits
from dualwire.runtime.journal import KEPT, Journal
from tests.game import Game, playing


async def test_a_players_history_is_told_newest_first(game: Game) -> None:
    async with game.both("ann"), game.websocket("bob"):
        await game.connected("bob", websocket=1)
        (websocket, sse) = game.manager.node.hub.players["ann"].connections
        await game.manager.disconnect(sse)
        await game.connected("ann", websocket=1)
        found = game.manager.node.journal.of("ann")
        assert game.manager.node.journal.of("ann", 1) == found[:1]
    assert [(each.what, each.connection_id, each.detail) for each in found] == [
        ("closed", sse, "normal"),
        ("opened", sse, "plain"),
        ("opened", websocket, "plain"),
    ]


async def test_a_refusal_is_told() -> None:
    config = Config(limits=Limits(connections_per_type=1))
    async with playing(config) as game, game.websocket("ann"):
        await game.connected("ann", websocket=1)
        async with game.websocket("ann") as refused:
            await refused.wait_end()
        newest = game.manager.node.journal.of("ann")[0]
    assert (newest.what, newest.connection_id, newest.detail) == ("refused", "", "rate_limited")


def test_the_oldest_gives_way() -> None:
    journal = Journal(lambda: 0.0)
    journal.note_refusal("old", "sse", "rate_limited")
    for _ in range(KEPT):
        journal.note_refusal("ann", "sse", "rate_limited")
    assert journal.of("old") == []
    assert len(journal.of("ann", KEPT)) == KEPT
    assert journal.newest(5, "refused") == []
