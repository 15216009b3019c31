"""``dualwire doctor`` as a real process, against ``dualwire serve``."""

from __future__ import annotations

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from bench.certificate import self_signed

from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator
from tests.live import until_async

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
    assert "problem" not in examined.out
    assert examined.err == ""


async def test_for_machines(url: str, tmp_path: Path) -> None:
    examined = await doctor(url, "--json", "--watch", "0", cwd=tmp_path)
    told = json.loads(examined.out)
    assert (told["ok"], told["exit_code"], told["url"]) == (True, 0, url)
    assert {each["check"]: each["verdict"] for each in told["findings"]}["websocket"] == "ok"
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


async def test_over_tls(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    files = ("--tls-cert", str(certificate), "--tls-key", str(key))
    serve = ("serve", "--port", "0", *files)
    async with dualwire(*serve, cwd=tmp_path, DUALWIRE_SECRET=SECRET) as server:
        said = await server.says(" is served at https://127.0.0.1:")
        url = said.rpartition("served at ")[2].split()[0]
        examined = await doctor(url, "--watch", "0", cwd=tmp_path, SSL_CERT_FILE="")
        assert examined.process.returncode == exit_codes.CANNOT_CONNECT, examined
        assert "the certificate is not accepted" in examined.out
        trusting = {"SSL_CERT_FILE": str(certificate)}
        examined = await doctor(url, "--watch", "0", "--json", cwd=tmp_path, **trusting)
        told = json.loads(examined.out)
        bad = {each["check"] for each in told["findings"] if each["verdict"] != "ok"}
        assert bad <= {"tls", "http_version"}, told
        seen = {each["check"]: each["seen"] for each in told["findings"]}
        assert seen["cookie"] == "Secure"
        assert "TLSv1.3" in seen["tls"]


async def test_who_does_not_want_to_wait_gets_what_is_known(url: str, tmp_path: Path) -> None:
    async with dualwire("doctor", url, "--watch", "600", "--json", cwd=tmp_path) as examining:
        token = JWTAuthenticator(SECRET).issue("ann")
        async with httpx.AsyncClient(base_url=url) as http:
            headers = {"Authorization": f"Bearer {token}"}

            async def both_open() -> bool:
                answer = (await http.get("/api/connections/stats", headers=headers)).json()
                return bool(answer["presence"]["total_connections"] == 2)

            await until_async(both_open)
        examining.process.send_signal(signal.SIGINT)
        assert await examining.ends() == exit_codes.OK
        assert json.loads(examining.out)["problems"] == 0
