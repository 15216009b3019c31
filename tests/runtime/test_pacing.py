"""How fast clients may talk, over real sockets: warned first, then refused, then closed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from dualwire import Config, ConnectionManager, Limits, Rates
from dualwire.core.messages import ClientMessage
from dualwire.runtime.pacing import Excess, Pacing, refusal
from dualwire.runtime.stats import Stats
from tests.http.site import Site, error_of, site_on
from tests.live import until, ws

V1 = ["dualwire.v1"]
SLOW = Config(rates=Rates(websocket_commands=1.0, sse_commands=1.0, player_commands=1.5, burst=4.0))
"""Four commands at once and one per second; of all connections six, and three in two seconds."""


def counting(manager: ConnectionManager) -> list[Any]:
    """What ``on_command`` was given."""
    ran: list[Any] = []

    @manager.on_command
    def run(command: Any) -> dict[str, Any]:
        ran.append(command.id or command.verb)
        return {"done": command.id}

    return ran


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with site_on(config=SLOW) as served:
        yield served


def command(n: int, **more: Any) -> dict[str, Any]:
    return {"type": "command", "id": f"instance-1.{n}", "body": {}, **more}


def frames(client: Any, kind: str) -> list[dict[str, Any]]:
    return [each for each in client.events if each["type"] == kind]


@pytest.mark.parametrize("server", ["uvicorn", "gateway"])
async def test_warned_then_refused_then_closed(server: Any) -> None:
    async with site_on(server, SLOW) as site:
        ran = counting(site.manager)
        async with ws(site.address, token=site.token(), subprotocols=V1) as client:
            for n in range(8):
                await client.send(command(n))
            await until(lambda: len(frames(client, "reply")) == 8)
            replies = {each["id"]: each for each in frames(client, "reply")}
            outcomes = [replies[f"instance-1.{n}"]["outcome"] for n in range(8)]
            assert outcomes == ["done"] * 4 + ["refused"] * 4
            assert ran == [f"instance-1.{n}" for n in range(4)]
            refused = replies["instance-1.4"]
            assert (refused["reason"], refused["retry_after"]) == ("rate_limited", 1.0)
            assert "stream" not in refused
            (warning,) = frames(client, "warning")
            assert warning["reason"] == "rate_limited"
            assert client.events.index(warning) < client.events.index(refused)
            # After a rest all is well again.
            site.clock.shift(10.0)
            await client.send(command(9))
            await until(lambda: len(ran) == 5)
            for n in range(10, 30):
                await client.send(command(n))
            assert await client.wait_end() == 4005
            assert "retry_after" in (client.socket.close_reason or "")
            assert frames(client, "bye")[-1]["code"] == 4005
        counted = site.manager.node.stats.rate_limited
        assert counted["command", "warned"] == 2
        assert counted["command", "refused"] >= 4
        assert counted["command", "closed"] == 1


async def test_a_plain_client_is_told_in_words_that_it_knows(site: Site) -> None:
    ran = counting(site.manager)
    async with ws(site.address, token=site.token()) as client:
        for _ in range(8):
            await client.send({"type": "game_command", "command": "look"})
        await until(lambda: len(client.events) == 5)
        (problem,) = [each for each in client.events if each.get("type") == "error"]
        assert problem["error_type"] == "rate_limited"
        assert problem["details"] == {"retry_after": 1.0}
        assert ran == ["look"] * 4
        assert not [each for each in client.events if each.get("type") == "warning"]


async def test_a_repeat_is_never_refused() -> None:
    """It may have run the first time, and the client would take the refusal for the outcome."""
    async with site_on(config=SLOW) as site:
        ran = counting(site.manager)
        async with ws(site.address, token=site.token(), subprotocols=V1) as client:
            for n in range(4):
                await client.send(command(n))
            for n in range(4):
                await client.send(command(n, retry=True))
            await client.send({"type": "ping"})
            await until(lambda: frames(client, "pong"))
            assert not [e for e in frames(client, "reply") if e["outcome"] == "refused"]
            assert len(ran) == 4
            site.clock.shift(4.0)
            await client.send(command(0, retry=True))
            await until(lambda: [e for e in frames(client, "reply") if "offset" not in e])
            assert len(ran) == 4


async def test_a_player_is_one_over_all_connections(site: Site) -> None:
    ran = counting(site.manager)
    async with (
        ws(site.address, token=site.token()) as one,
        ws(site.address, token=site.token()) as two,
        ws(site.address, token=site.token("bob")) as other,
    ):
        await site.open("ann", websocket=2)
        for client in (one, two):
            for _ in range(4):
                await client.send({"type": "game_command", "command": "look"})
        await until(lambda: len(ran) == 6)
        bearer = site.bearer()
        answer = await site.http.post("/api/send", headers=bearer, json={"type": "chat"})
        assert answer.status_code == 429
        await other.send({"type": "game_command", "command": "look"})
        await other.wait(1)
        assert ran == ["look"] * 7
        # Closing and coming again changes nothing.
    async with ws(site.address, token=site.token()) as again:
        await again.send({"type": "game_command", "command": "look"})
        (answered,) = await again.wait(1)
        assert answered["error_type"] == "rate_limited"


async def test_commands_by_http(site: Site) -> None:
    ran = counting(site.manager)
    bearer, say = site.bearer(), {"type": "game_command", "command": "look"}
    for _ in range(4):
        assert (await site.http.post("/api/send", headers=bearer, json=say)).status_code == 200
    answer = await site.http.post("/api/send", headers=bearer, json=say)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert error_of(answer)["details"]["retry_after"] == 1.0
    assert len(ran) == 4
    # News is none of that.
    assert (await site.http.post("/api/send", headers=bearer, json={"type": "ping"})).is_success
    site.clock.shift(1.0)
    assert (await site.http.post("/api/send", headers=bearer, json=say)).status_code == 200


async def test_bytes_are_counted_whatever_they_say() -> None:
    config = Config(
        rates=Rates(websocket_bytes=100.0, player_bytes=None, burst=10.0),
        limits=Limits(message=1000),
    )
    async with site_on(config=config) as site:
        ran = counting(site.manager)
        async with ws(site.address, token=site.token(), subprotocols=V1) as client:
            for _ in range(15):
                await client.send({"type": "ping"})
            await client.send(command(1))
            await until(lambda: frames(client, "reply"))
            assert len(frames(client, "pong")) == 15
            (reply,) = frames(client, "reply")
            assert reply["outcome"] == "refused"
            assert frames(client, "warning")
            assert not ran
            await client.send("rubbish")
            await client.send({"type": "pong", "connection": "x", "n": 1})
            site.clock.shift(10.0)
            await client.send(command(2, body={"text": "x" * 800}))
            await until(lambda: ran)
            with contextlib.suppress(ConnectionClosed):
                for _ in range(1000):
                    await client.send("rubbish")
            assert await client.wait_end() == 4005
        assert site.manager.node.stats.rate_limited["bytes", "closed"] == 1


async def test_the_largest_message_may_come_after_a_rest() -> None:
    config = Config(rates=Rates(websocket_bytes=1.0, player_bytes=1.0, sse_bytes=1.0))
    async with site_on(config=config) as site:
        ran = counting(site.manager)
        async with ws(site.address, token=site.token()) as client:
            await client.send({"type": "chat", "text": "x" * 65_000})
            await until(lambda: ran)


async def test_off_is_off() -> None:
    names = [
        f"{who}_{what}" for who in ("websocket", "sse", "player") for what in ("commands", "bytes")
    ]
    async with site_on(config=Config(rates=Rates(**dict.fromkeys(names)))) as site:  # type: ignore[arg-type]
        ran = counting(site.manager)
        async with ws(site.address, token=site.token()) as client:
            for _ in range(500):
                await client.send({"type": "game_command", "command": "look"})
            await until(lambda: len(ran) == 500)
        assert not site.manager.node.stats.rate_limited


def test_players_who_owe_nothing_are_forgotten() -> None:
    pacing = Pacing(Config(), Stats())
    flow = pacing.begin("talks", 0.0)
    for n in range(3000):
        pacing.command(pacing.by_http(f"player-{n}", 10.0 * n), 10.0 * n)
    assert len(pacing._players) < 1100
    assert pacing.begin("talks", 1e9).player is flow.player
    pacing.end(flow)


def test_only_a_number_makes_a_reply() -> None:
    excess = Excess("command", "refused", 0.5)
    for data in ({}, {"id": 7}, {"id": None}):
        answer = refusal(ClientMessage("command", data), excess)
        assert answer is not None
        assert answer["error_type"] == "rate_limited"
    assert refusal(ClientMessage("command", {"id": "a.1", "retry": True}), excess) is None
