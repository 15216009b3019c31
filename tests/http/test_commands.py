from __future__ import annotations

from typing import Any

import pytest

from dualwire import Command
from tests.http.site import Site, error_of
from tests.live import sse

LOOK = {"type": "command", "data": {"command": "look"}}


@pytest.fixture
def commands(site: Site) -> list[Command]:
    taken: list[Command] = []

    @site.manager.on_command
    def act(command: Command) -> dict[str, Any] | None:
        taken.append(command)
        return None if command.type == "silent" else {"result": command.verb}

    return taken


async def test_the_answer_is_the_body(site: Site, commands: list[Command]) -> None:
    answer = await site.http.post("/api/send", headers=site.bearer(), json=LOOK)
    assert (answer.status_code, answer.json()) == (200, {"result": "look"})
    assert (commands[0].player_id, commands[0].connection_id) == ("ann", None)
    answer = await site.http.post("/api/send", headers=site.bearer(), json={"type": "silent"})
    assert (answer.status_code, answer.content) == (204, b"")
    answer = await site.http.post("/api/send", headers=site.bearer(), json={"type": "ping"})
    assert answer.json()["event_type"] == "pong"


@pytest.mark.parametrize("where", ["query", "body"])
async def test_a_connection_of_ones_own_is_answered_too(
    site: Site, commands: list[Command], where: str
) -> None:
    async with sse(site.address, token=site.token()) as stream:
        await site.open("ann", sse=1)
        (mine,) = site.manager.get_active_connections("ann")["sse"]
        query = f"?connection={mine}" if where == "query" else ""
        body = LOOK if where == "query" else LOOK | {"connection": mine}
        answer = await site.http.post(f"/api/send{query}", headers=site.bearer(), json=body)
        assert answer.json() == {"result": "look"}
        assert commands[0].connection_id == mine
        assert await stream.wait(1) == [{"result": "look"}]


async def test_a_connection_of_somebody_else_is_unknown(
    site: Site, commands: list[Command]
) -> None:
    async with sse(site.address, token=site.token("bob")) as stream:
        await site.open("bob", sse=1)
        (other,) = site.manager.get_active_connections("bob")["sse"]
        for connection in (other, "nonsense"):
            path = f"/api/send?connection={connection}"
            answer = await site.http.post(path, headers=site.bearer("ann"), json=LOOK)
            assert answer.status_code == 404
            assert error_of(answer)["type"] == "not_found"
        assert commands == []
        assert stream.events == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"nul", b"\xff\xfe", b'{"type": 7}', b'{"type": "x", "data": 1}']
)
async def test_what_is_no_message_is_a_bad_request(site: Site, body: bytes) -> None:
    answer = await site.http.post("/api/send", headers=site.bearer(), content=body)
    assert answer.status_code == 400
    assert "traceback" not in answer.text.lower()


async def test_a_replaced_session_acts_no_more(site: Site, commands: list[Command]) -> None:
    await site.manager.handle_new_game_session("ann", "the.current")
    for session_id, status in (("the.current", 200), ("the.former.one", 409)):
        path = f"/api/send?session_id={session_id}"
        answer = await site.http.post(path, headers=site.bearer(), json=LOOK)
        assert answer.status_code == status
    assert len(commands) == 1
