"""``dualwire play`` against ``dualwire serve``: real processes that talk to each other."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator

from .running import SECRET, Process, dualwire, run
from .test_serve import address_of

BOTH_UP = "[ws \u25cf sse \u25cf]"


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    async with dualwire("serve", "--port", "0", cwd=tmp_path, DUALWIRE_SECRET=SECRET) as server:
        yield f"http://{await address_of(server)}"


@contextlib.asynccontextmanager
async def playing(url: str, *args: str, cwd: Path) -> AsyncIterator[Process]:
    async with dualwire("play", url, *args, cwd=cwd) as player:
        await player.says(BOTH_UP)
        yield player


def token(player_id: str) -> str:
    return JWTAuthenticator(SECRET).issue(player_id, name=player_id.title())


async def test_two_players_meet_and_talk(url: str, tmp_path: Path) -> None:
    async with (
        playing(url, "--token", token("amy"), cwd=tmp_path) as amy,
        playing(url, "--token", token("ben"), cwd=tmp_path) as ben,
    ):
        await amy.says("Ben")
        await ben.type("say Is anybody here?")
        await amy.says("Is anybody here?")
        await amy.type("say Only me.")
        await ben.says("Only me.")
        for player in (amy, ben):
            await player.type("/quit")
            assert await player.ends() == exit_codes.OK
            assert player.out.count("Is anybody here?") == 1


async def test_a_cut_connection_comes_back_and_nothing_is_missed(url: str, tmp_path: Path) -> None:
    async with (
        playing(url, "--token", token("amy"), cwd=tmp_path) as amy,
        playing(url, "--token", token("ben"), cwd=tmp_path) as ben,
    ):
        for number, kind in enumerate(("websocket", "sse"), start=2):
            await amy.type(f"/cut {kind}")
            await ben.type(f"say number {number}")
            await amy.says(f"number {number}")
            await amy.says(BOTH_UP, times=number)
        await amy.type("say still here")
        await ben.says("still here")
        assert amy.out.count("Connected to Arkham") == 1


async def test_a_script_gets_its_answers(url: str, tmp_path: Path) -> None:
    player = await run("play", url, cwd=tmp_path, stdin="look\nsay hello\n")
    assert player.process.returncode == exit_codes.OK, player
    assert "hello" in player.out
    assert "\x1b" not in player.out


async def test_a_script_that_quits_gets_its_answers_too(url: str, tmp_path: Path) -> None:
    player = await run("play", url, cwd=tmp_path, stdin="look\nsay hello\n/quit\nsay late\n")
    assert player.process.returncode == exit_codes.OK, player
    assert 'You say: "hello"' in player.out
    assert "late" not in player.out
    assert player.out.rstrip().endswith('You say: "hello"'), "its connections' end is no news"


async def test_a_restart_is_told_once_in_words_for_people(tmp_path: Path) -> None:
    def serve(port: str) -> contextlib.AbstractAsyncContextManager[Process]:
        return dualwire("serve", "--port", port, cwd=tmp_path, DUALWIRE_SECRET=SECRET)

    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(serve("0"))
        url = f"http://{await address_of(server)}"
        player = await stack.enter_async_context(
            playing(url, "--token", token("amy"), cwd=tmp_path)
        )
        server.process.terminate()
        await server.ends()
        await stack.enter_async_context(serve(url.rpartition(":")[2]))
        await player.says("The server began anew.")
        await player.says(BOTH_UP, times=2)
        await player.type("say Back again.")
        await player.says('You say: "Back again."')
        assert player.out.count("The server began anew.") == 1
        assert "player:" not in player.out


async def test_an_account(url: str, tmp_path: Path) -> None:
    account = ("--name", "Harvey", "--password", "miskatonic-1928")
    assert (await run("play", url, *account, "--register", cwd=tmp_path)).process.returncode == 0
    assert (await run("play", url, *account, cwd=tmp_path)).process.returncode == 0
    wrong = await run("play", url, "--name", "Harvey", "--password", "guess", cwd=tmp_path)
    assert wrong.process.returncode == exit_codes.AUTHENTICATION_REFUSED
    assert wrong.err.startswith("error: the server refuses: ")


async def test_a_takeover_ends_it_with_the_reason(url: str, tmp_path: Path) -> None:
    async with playing(url, "--token", token("amy"), cwd=tmp_path) as old:
        async with playing(url, "--token", token("amy"), cwd=tmp_path):
            assert await old.ends() == exit_codes.SESSION_REPLACED
        assert "newer game client session" in old.err
        assert old.err.count("\n") == 1


async def test_a_bad_token(url: str, tmp_path: Path) -> None:
    refused = await run("play", url, "--token", "nonsense", cwd=tmp_path)
    assert refused.process.returncode == exit_codes.AUTHENTICATION_REFUSED
    assert refused.err.count("\n") == 1, refused


async def test_nobody_there(tmp_path: Path) -> None:
    failed = await run("play", "http://127.0.0.1:9", cwd=tmp_path)
    assert failed.process.returncode == exit_codes.CANNOT_CONNECT
    assert failed.err.count("\n") == 1, failed


@pytest.mark.parametrize("args", [("--guest", "--name", "x"), ("--register",)])
async def test_flags_that_contradict(tmp_path: Path, args: tuple[str, ...]) -> None:
    failed = await run("play", "http://127.0.0.1:9", *args, cwd=tmp_path)
    assert failed.process.returncode == exit_codes.USAGE


async def test_statistics_of_both_connections(url: str, tmp_path: Path) -> None:
    async with playing(url, "--token", token("amy"), cwd=tmp_path) as amy:
        await amy.type("look")
        await amy.says("Exits", times=1)
        await amy.type("/stats")
        shown = await amy.says("0 gaps")
        for kind in ("ws ", "sse "):
            line = next(each for each in shown.splitlines() if each.startswith(kind))
            assert " open " in line
            assert "round trip" in line
            assert "won" in line


async def test_logging_out_is_answered_before_the_end(url: str, tmp_path: Path) -> None:
    async with playing(url, "--token", token("amy"), cwd=tmp_path) as amy:
        await amy.type("logout")
        assert await amy.ends() == exit_codes.REFUSED
        assert "Farewell" in amy.out
        assert "The player left the game." in amy.err
