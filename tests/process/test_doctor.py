"""``dualwire doctor`` as a real process, against ``dualwire serve``."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator

from .running import SECRET, Process, dualwire, run
from .test_serve import address_of


@pytest.fixture
async def url(tmp_path: Path) -> AsyncIterator[str]:
    settings = {"DUALWIRE_SECRET": SECRET, "DUALWIRE_HEARTBEAT__INTERVAL": "1"}
    async with dualwire("serve", "--port", "0", cwd=tmp_path, **settings) as server:
        yield f"http://{await address_of(server)}"


async def doctor(*args: str, cwd: Path, **environ: str) -> Process:
    return await run("doctor", *args, cwd=cwd, **environ)


async def test_a_guest_finds_nothing_wrong(url: str, tmp_path: Path) -> None:
    """The clock too: it is this machine's. It watches as long as the server can be silent."""
    examined = await doctor(url, cwd=tmp_path)
    assert examined.process.returncode == exit_codes.OK, examined
    assert "a guest was let in" in examined.out
    assert "idle websocket" in examined.out
    assert "idle event stream" in examined.out
    assert examined.out.rstrip().endswith("Nothing is wrong.")
    assert examined.err == ""


async def test_for_machines(url: str, tmp_path: Path) -> None:
    examined = await doctor(url, "--json", "--watch", "0", cwd=tmp_path)
    told = json.loads(examined.out)
    assert (told["ok"], told["exit_code"], told["url"]) == (True, 0, url)
    assert {each["check"]: each["verdict"] for each in told["findings"]}["buffering"] == "ok"
    assert len(told["facts"]["event_stream_late_seconds"]) == 5


async def test_with_a_token_from_each_place(url: str, tmp_path: Path) -> None:
    token = JWTAuthenticator(SECRET).issue("ann")
    (tmp_path / "token").write_text(f"{token}\n")
    places = [
        await doctor(url, "--watch", "0", "--token", token, cwd=tmp_path),
        await doctor(url, "--watch", "0", "--token-file", "token", cwd=tmp_path),
        await doctor(url, "--watch", "0", cwd=tmp_path, DUALWIRE_TOKEN=token),
    ]
    for examined in places:
        assert examined.process.returncode == exit_codes.OK, examined
        assert "the given token is accepted" in examined.out
        assert token not in examined.out + examined.err


async def test_an_expired_token(url: str, tmp_path: Path) -> None:
    token = JWTAuthenticator(SECRET).issue("ann", lifetime=-60.0)
    examined = await doctor(url, "--token", token, cwd=tmp_path)
    assert examined.process.returncode == exit_codes.AUTHENTICATION_REFUSED
    assert "it expired" in examined.out
    assert "1 problem." in examined.out


async def test_nobody_there(tmp_path: Path) -> None:
    examined = await doctor("http://127.0.0.1:9", "--json", cwd=tmp_path)
    assert examined.process.returncode == exit_codes.CANNOT_CONNECT
    assert json.loads(examined.out)["findings"][0]["check"] == "address"


@pytest.mark.parametrize("args", [("ftp://x",), ("--token-file", "nowhere")])
async def test_what_cannot_be_meant(tmp_path: Path, args: tuple[str, ...]) -> None:
    examined = await doctor(*args, cwd=tmp_path)
    assert examined.process.returncode == exit_codes.BAD_SETTINGS
    assert examined.err.count("\n") == 1, examined
