"""Keys that a login server publishes: cached, fetched again, and nobody let in without."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from dualwire import AuthenticationError, ConfigurationError, EngineError
from dualwire.http import JWKS, JWTAuthenticator
from dualwire.testing import AuthenticatorSubject, ManualClock, authenticator_cases
from tests.http.site import site_on
from tests.live import ServerName, serving, sse, until, until_async, ws

from .signing import jwk, signed


@dataclass
class LoginServer:
    """Publishes its keys over a real socket."""

    clock: ManualClock
    address: str = ""
    keys: list[Any] = field(default_factory=list)
    answer: Response | None = None
    """What it says instead."""
    asked: int = 0
    hold: asyncio.Event | None = None
    """Set when it may answer."""

    @property
    def url(self) -> str:
        return f"http://{self.address}/jwks.json"

    def authenticator(self, **options: Any) -> JWTAuthenticator:
        return JWTAuthenticator(JWKS(self.url, clock=self.clock, **options), clock=self.clock)

    async def serve(self, request: Request) -> Response:
        self.asked += 1
        if self.hold is not None:
            await self.hold.wait()
        return self.answer or JSONResponse({"keys": self.keys})


@contextlib.asynccontextmanager
async def login_server(*keys: Mapping[str, Any]) -> AsyncIterator[LoginServer]:
    login = LoginServer(ManualClock(), keys=list(keys))
    async with serving(Starlette(routes=[Route("/jwks.json", login.serve)])) as address:
        login.address = address
        yield login


async def outcome(auth: JWTAuthenticator, token: str) -> str:
    """What becomes of a token: ``in``, ``refused`` for good, or ``later``."""
    try:
        await auth.authenticate(token)
    except AuthenticationError:
        return "refused"
    except EngineError:
        return "later"
    return "in"


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA", "ES256"])
async def test_keys_are_fetched_once(algorithm: str) -> None:
    async with login_server(jwk(algorithm)) as login:
        auth = login.authenticator()
        for _ in range(3):
            assert await outcome(auth, signed(algorithm)) == "in"
        assert await outcome(auth, signed(algorithm, "two", kid="one")) == "refused"
        assert login.asked == 1


async def test_those_who_come_at_once_wait_for_one_fetch() -> None:
    async with login_server(jwk("EdDSA")) as login:
        login.hold = asyncio.Event()
        auth = login.authenticator()
        tasks = [asyncio.create_task(outcome(auth, signed("EdDSA"))) for _ in range(20)]
        await until(lambda: login.asked)
        tasks[0].cancel()
        login.hold.set()
        assert await asyncio.gather(*tasks[1:]) == ["in"] * 19
        assert login.asked == 1


async def test_a_new_key_serves_at_once_and_an_old_one_no_longer() -> None:
    async with login_server(jwk("EdDSA")) as login:
        auth = login.authenticator()
        assert await outcome(auth, signed("EdDSA")) == "in"
        login.keys = [jwk("EdDSA", "two")]
        login.clock.shift(10.0)
        assert await outcome(auth, signed("EdDSA", "two", kid="two")) == "in"
        assert await outcome(auth, signed("EdDSA")) == "refused"
        assert login.asked == 2


async def test_unknown_keys_cannot_make_it_fetch_without_end() -> None:
    async with login_server(jwk("EdDSA")) as login:
        auth = login.authenticator(cooldown=10.0)
        assert await outcome(auth, signed("EdDSA")) == "in"
        for n in range(30):
            assert await outcome(auth, signed("EdDSA", "two", kid=f"unknown-{n}")) == "refused"
            # A known name with another algorithm is no reason to ask.
            assert await outcome(auth, signed("RS256", kid="one")) == "refused"
        assert login.asked == 1
        login.clock.shift(10.0)
        for n in range(30):
            assert await outcome(auth, signed("EdDSA", "two", kid=f"unknown-{n}")) == "refused"
        assert login.asked == 2


async def test_keys_are_refreshed_in_the_background() -> None:
    async with login_server(jwk("EdDSA"), jwk("EdDSA", "two")) as login:
        auth = login.authenticator(refresh=600.0)
        await auth.authenticate(signed("EdDSA"))
        login.keys = [jwk("EdDSA", "two")]
        login.clock.shift(600.0)
        login.hold = asyncio.Event()
        assert await outcome(auth, signed("EdDSA")) == "in", "nobody waits for that"
        await until(lambda: login.asked == 2)
        login.hold.set()
        token = signed("EdDSA")

        async def gone() -> bool:
            return await outcome(auth, token) == "refused"

        await until_async(gone)


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"keys": [jwk("EdDSA")]}, 500),
        JSONResponse(["keys"]),
        PlainTextResponse("<html>"),
        PlainTextResponse("[" * 100_000),
        PlainTextResponse(b"\xff\xfe"),
        JSONResponse({"keys": [jwk("EdDSA")], "more": "x" * 300_000}),
        Response(status_code=302, headers={"location": "http://127.0.0.1:9/jwks.json"}),
    ],
    ids=["500", "list", "html", "deep", "binary", "large", "redirect"],
)
async def test_without_keys_nobody_comes_in(answer: Response) -> None:
    async with login_server(jwk("EdDSA")) as login:
        login.answer = answer
        auth = login.authenticator()
        assert await outcome(auth, signed("EdDSA")) == "later"
        assert await outcome(auth, signed("EdDSA")) == "later"
        assert login.asked == 1
        login.answer = None
        login.clock.shift(10.0)
        assert await outcome(auth, signed("EdDSA")) == "in"


async def test_an_outage_is_borne_for_as_long_as_keys_are_kept() -> None:
    async with login_server(jwk("EdDSA")) as login:
        auth = login.authenticator(refresh=600.0, keep=3600.0)
        await auth.authenticate(signed("EdDSA"))
        login.answer = PlainTextResponse("down", 503)
        login.clock.shift(3599.0)
        assert await outcome(auth, signed("EdDSA")) == "in"
        await until(lambda: login.asked == 2)
        # Perhaps a good one, of a key that came during the outage.
        login.clock.shift(0.5)
        assert await outcome(auth, signed("EdDSA", "two", kid="two")) in ("later", "refused")
        login.clock.shift(0.5)
        assert await outcome(auth, signed("EdDSA")) == "later"
        login.answer = None
        login.clock.shift(10.0)
        assert await outcome(auth, signed("EdDSA")) == "in"


async def test_a_key_that_came_during_an_outage_may_come_later() -> None:
    async with login_server(jwk("EdDSA")) as login:
        auth = login.authenticator()
        await auth.authenticate(signed("EdDSA"))
        login.answer = PlainTextResponse("down", 503)
        login.clock.shift(10.0)
        assert await outcome(auth, signed("EdDSA", "two", kid="two")) == "later"


async def test_a_server_without_anybody_there() -> None:
    async with login_server() as login:
        address = login.address
    auth = JWTAuthenticator(JWKS(f"http://{address}/jwks.json"))
    assert await outcome(auth, signed("EdDSA")) == "later"


async def test_an_empty_set_lets_nobody_in() -> None:
    async with login_server(jwk("EdDSA")) as login:
        auth = login.authenticator()
        await auth.authenticate(signed("EdDSA"))
        login.keys = []
        login.clock.shift(10.0)
        assert await outcome(auth, signed("EdDSA", kid="none such")) == "refused"
        assert await outcome(auth, signed("EdDSA")) == "refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/jwks.json",
        "http://10.0.0.1/jwks.json",
        "ftp://login.example/",
        "login.example/jwks.json",
        "https://",
        "http://[::1/",
        "",
    ],
)
def test_keys_come_over_https(url: str) -> None:
    with pytest.raises(ConfigurationError, match="jwks_url: expected an address of https"):
        JWKS(url)
    JWKS("https://login.example/jwks.json")
    JWKS("http://[::1]:80/jwks.json")
    JWKS("http://localhost:9000/jwks.json")


@pytest.mark.parametrize("server", ["uvicorn", "gateway"])
async def test_players_are_told_to_come_again_while_there_are_no_keys(server: ServerName) -> None:
    async with login_server(jwk("EdDSA")) as login:
        login.answer = PlainTextResponse("down", 503)
        auth = login.authenticator()
        async with site_on(server, authenticator=auth) as site:
            async with sse(site.address, token=signed("EdDSA")) as stream:
                assert stream.response.status_code == 503
                assert stream.response.headers["retry-after"] == "5"
            login.answer = None
            login.clock.shift(10.0)
            async with (
                ws(site.address, token=signed("EdDSA")),
                sse(site.address, token=signed("EdDSA")),
            ):
                await site.open("ann", websocket=1, sse=1)


@pytest.mark.parametrize("name", authenticator_cases())
async def test_contract(name: str) -> None:
    async with login_server(jwk("EdDSA"), jwk("RS256", "two")) as login:

        async def subject() -> AuthenticatorSubject:
            return AuthenticatorSubject(
                authenticator=login.authenticator(),
                valid={signed("EdDSA"): "ann", signed("RS256", "two", kid="two", sub="bob"): "bob"},
                invalid=[signed("EdDSA", "two", kid="one"), signed("EdDSA", exp=1.0)],
            )

        await authenticator_cases()[name](subject)
