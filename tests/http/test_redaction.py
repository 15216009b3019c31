from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import uvicorn.logging

from dualwire.http import install_redaction
from dualwire.http.credentials import COOKIE
from dualwire.http.redaction import LOGGERS, RedactionFilter, redact
from tests.http.site import Site, program, site_on
from tests.live import ServerName, sse, ws


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/api/ws?token=abc.def HTTP", "/api/ws?token=[redacted] HTTP"),
        ("/x?a=1&ticket=T&b=2", "/x?a=1&ticket=[redacted]&b=2"),
        ("/x?SESSION_ID=abc#frag", "/x?SESSION_ID=[redacted]#frag"),
        ("/x?%74oken=abc&t%6Fken=d", "/x?%74oken=[redacted]&t%6Fken=[redacted]"),
        ('"GET /x?last_event_id=n-1" 200', '"GET /x?last_event_id=[redacted]" 200'),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
        ("dualwire.plain, bearer.abc.d-_e", "dualwire.plain, bearer.[redacted]"),
        ("Cookie: a=1; dualwire_token=abc; b=2", "Cookie: a=1; dualwire_token=[redacted]; b=2"),
        ("/x?player_id=ann&twins=all", "/x?player_id=ann&twins=all"),
        ("{'query_string': b'token=abc&a=1'}", "{'query_string': b'token=[redacted]&a=1'}"),
        ("100 % of nothing = nothing", "100 % of nothing = nothing"),
    ],
)
def test_redact(text: str, clean: str) -> None:
    assert redact(text) == clean


def record(message: Any, args: Any) -> logging.LogRecord:
    made = logging.LogRecord("x", logging.INFO, "file", 1, message, args, None)
    assert RedactionFilter().filter(made)
    return made


def test_arguments_stay_where_formatters_look_for_them() -> None:
    args = ("127.0.0.1:1", "GET", "/api/ws?token=abc", "1.1", 200)
    made = record('%s - "%s %s HTTP/%s" %d', args)
    formatter = uvicorn.logging.AccessFormatter(
        '%(client_addr)s "%(request_line)s" %(status_code)s'
    )
    assert "token=[redacted]" in formatter.format(made)
    assert made.args == (*args[:2], "/api/ws?token=[redacted]", *args[3:])


def test_secrets_in_mappings_and_objects() -> None:
    class Shown:
        def __str__(self) -> str:
            return "GET /?ticket=abc 100%"

    found = record("%(path)s 5%%", ({"path": "/?token=abc"},)).getMessage()
    assert found == "/?token=[redacted] 5%"
    assert record("> %s", (Shown(),)).getMessage() == "> GET /?ticket=[redacted] 100%"
    assert record(Shown(), None).getMessage() == "GET /?ticket=[redacted] 100%"


def test_a_broken_record_is_left_to_logging() -> None:
    made = record("%d %d", ("x",))
    with pytest.raises(TypeError):
        made.getMessage()


def test_installing_twice_is_once() -> None:
    install_redaction("an.applications.own")
    install_redaction("an.applications.own")
    for name in (*LOGGERS, "an.applications.own"):
        found = logging.getLogger(name).filters
        assert sum(isinstance(each, RedactionFilter) for each in found) == 1


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(("httpx", "httpcore", "websockets.client")):
            return  # The test's own clients.
        self.lines.append(self.format(record))


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that is logged anywhere, as verbosely as can be."""
    handler = _Lines()
    names = ["", *LOGGERS]
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(1)
        logger.addHandler(handler)
    yield handler.lines
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
        logger.removeHandler(handler)


@pytest.fixture(params=["uvicorn", "hypercorn"])
async def noisy(request: pytest.FixtureRequest, lines: list[str]) -> AsyncIterator[Site]:
    server: ServerName = request.param
    options: dict[str, Any] = {"access_log": True, "log_level": 1}
    if server == "hypercorn":
        options = {
            "accesslog": logging.getLogger("hypercorn.access"),
            "errorlog": logging.getLogger("hypercorn.error"),
            "access_log_format": '%(R)s "%(U)s?%(q)s" %({authorization}i)s %({cookie}i)s',
            "loglevel": "DEBUG",
        }
    async with site_on(server, **options) as site:
        yield site


async def test_no_secret_in_any_line(
    noisy: Site, lines: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    site, secrets = noisy, list[str]()
    for _ in range(4):
        secrets.append(site.token())
    body = {"session_id": "my.secret.session"}
    issued = await site.http.post("/api/session", headers=site.bearer(), json=body)
    ticket = issued.json()["tickets"]["websocket"]
    secrets.append(ticket)
    async with (
        ws(site.address, f"/api/ws?token={secrets[0]}&session_id=my.secret.session"),
        sse(site.address, f"/api/events?token={secrets[0]}&session_id=my.secret.session"),
        ws(site.address, subprotocols=["dualwire.plain", f"bearer.{secrets[1]}"]),
        sse(site.address, Cookie=f"{COOKIE}={secrets[2]}", Origin=site.origin),
        ws(site.address, token=secrets[3]),
        ws(site.address, f"/api/ws?%74icket={ticket}&session_id=my.secret.session"),
    ):
        await site.open("ann", websocket=4, sse=2)
    site.clock.shift(10_000)
    for secret in secrets[:4]:
        assert (await site.http.get(f"/api/events?token={secret}")).status_code == 401
    captured = capfd.readouterr()
    everything = [*lines, *captured.out.splitlines(), *captured.err.splitlines()]
    assert any("[redacted]" in line for line in everything)
    for secret in secrets:
        signature = secret.rpartition(".")[2] if secret.startswith("ey") else secret
        assert [line for line in everything if signature in line] == []
    # Our own log names sessions, which prove nothing; the servers' logs have no need to.
    assert [line for line in lines if "my.secret.session" in line] == []


PROGRAM = """
import uvicorn
from fastapi import FastAPI
from dualwire import ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router

app = FastAPI()
app.include_router(realtime_router(ConnectionManager(), JWTAuthenticator("s" * 32)))
server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="debug"))
server.run()
"""


async def test_a_plain_uvicorn_with_its_own_logging() -> None:
    async with program(PROGRAM) as server:
        path = "/api/events?token=the-secret&ticket=the-secret"
        async with sse(server.address, path) as stream:
            assert stream.response.status_code == 401
        server.process.terminate()
        text = await server.finish()
    assert "the-secret" not in text
    assert "GET /api/events?token=[redacted]&ticket=[redacted] HTTP/1.1" in text
