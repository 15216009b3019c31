"""``dualwire serve`` with a certificate of its own: real processes."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from bench.certificate import self_signed

from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator

from .running import SECRET, dualwire, run
from .test_play import BOTH_UP


def token(player_id: str) -> str:
    return JWTAuthenticator(SECRET).issue(player_id)


async def test_both_connections_over_tls(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    files = ("--tls-cert", str(certificate), "--tls-key", str(key))
    trusting = {"SSL_CERT_FILE": str(certificate), "DUALWIRE_SECRET": SECRET}
    serve = ("serve", "--port", "0", "--log-format", "json", *files)
    async with dualwire(*serve, cwd=tmp_path, DUALWIRE_SECRET=SECRET) as server:
        said = await server.says(" is served at https://127.0.0.1:")
        found = re.search(r"(https://\S+)", said)
        assert found is not None
        url = found[1]
        async with (
            dualwire("play", url, "--token", token("amy"), cwd=tmp_path, **trusting) as amy,
            dualwire("play", url, "--token", token("ben"), cwd=tmp_path, **trusting) as ben,
        ):
            for player in (amy, ben):
                await player.says(BOTH_UP)
            for number in range(5):
                await ben.type(f"say number {number}")
            await amy.says("number 4")
            for number in range(5):
                assert amy.out.count(f"number {number}") == 1
        for kind in ("websocket", "sse"):
            assert f'"type": "{kind}"' in server.err or f'"type":"{kind}"' in server.err
        server.process.send_signal(signal.SIGTERM)
        assert await server.ends() == exit_codes.OK
        assert "Traceback" not in server.err


async def test_a_client_that_does_not_trust_the_certificate_says_so(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    files = ("--tls-cert", str(certificate), "--tls-key", str(key))
    async with dualwire(
        "serve", "--port", "0", *files, cwd=tmp_path, DUALWIRE_SECRET=SECRET
    ) as server:
        said = await server.says(" is served at https://127.0.0.1:")
        found = re.search(r"(https://\S+)", said)
        assert found is not None
        failed = await run("tail", token("amy"), found[1], cwd=tmp_path)
    assert failed.process.returncode == exit_codes.CANNOT_CONNECT
    assert "certificate" in failed.err.lower()
    assert failed.err.count("\n") == 1, failed


async def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text("no certificate")
    failed = await run(
        *("serve", "--port", "0", "--tls-cert", "cert.pem"), cwd=tmp_path, DUALWIRE_SECRET=SECRET
    )
    assert failed.process.returncode == exit_codes.BAD_SETTINGS
    assert "cert.pem" in failed.err
    assert "DUALWIRE_TLS_CERT" in failed.err
    assert failed.err.count("\n") == 1, failed


async def test_a_key_without_a_certificate(tmp_path: Path) -> None:
    failed = await run(
        *("serve", "--port", "0", "--tls-key", "key.pem"), cwd=tmp_path, DUALWIRE_SECRET=SECRET
    )
    assert failed.process.returncode == exit_codes.BAD_SETTINGS
    assert "DUALWIRE_TLS_CERT" in failed.err
