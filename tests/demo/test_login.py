"""The login, in the shapes that existing clients know, over a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from dualwire.demo.accounts import AccountPolicy
from dualwire.demo.login import address_of
from tests.demo.arkham import arkham, of
from tests.live import sse, until, ws

ADA = {"username": "Ada", "password": "a long secret"}


def refused(response: httpx.Response, status: int, message: str) -> dict[str, Any]:
    assert response.status_code == status
    body = response.json()
    assert set(body) == {"error", "detail"}
    assert set(body["error"]) == {"type", "message", "details"}
    assert message in body["error"]["message"]
    assert body["detail"] == body["error"]["message"]
    return dict(body["error"])


async def test_register_then_log_in_then_play(tmp_path: Path) -> None:
    async with arkham(accounts_path=tmp_path / "accounts.json") as game:
        made = await game.http.post("/auth/register", json={**ADA, "invite_code": "x"})
        assert made.status_code == 200
        body = made.json()
        assert set(body) == {
            "access_token",
            "token_type",
            "user_id",
            "has_character",
            "character_name",
        }
        assert body["token_type"] == "bearer"
        assert (body["has_character"], body["character_name"]) == (True, "Ada")
        again = (await game.http.post("/auth/login", json=ADA)).json()
        assert again["user_id"] == body["user_id"]
        headers = {"Authorization": f"Bearer {again['access_token']}"}
        game.http.cookies.clear()
        me = await game.http.get("/auth/me", headers=headers)
        assert me.json() == {
            "id": body["user_id"],
            "username": "Ada",
            "email": None,
            "is_superuser": False,
        }
        async with ws(game.address, token=again["access_token"]) as socket:
            await until(lambda: of(socket, "welcome"))
            assert socket.events[0]["data"]["player"]["name"] == "Ada"


async def test_what_is_refused() -> None:
    async with arkham() as game:
        post = game.http.post
        await post("/auth/register", json=ADA)
        refused(await post("/auth/register", json=ADA), 400, "Username already exists")
        wrong = {**ADA, "password": "guess"}
        refused(await post("/auth/login", json=wrong), 401, "Invalid credentials")
        refused(
            await post("/auth/login", json={**wrong, "username": "Bob"}), 401, "Invalid credentials"
        )
        for path in ("/auth/register", "/auth/login"):
            refused(await post(path, json={**ADA, "password": ""}), 422, "length >= 1")
            refused(await post(path, json={"username": "Ada"}), 422, "`password`")
            refused(await post(path, json={**ADA, "password": 7}), 422, "Expected `str`")
            refused(await post(path, content=b"{"), 422, "truncated")
            refused(await post(path, content=b"\xff"), 422, "")
        spaced = {**ADA, "username": "two words"}
        refused(await post("/auth/register", json=spaced), 422, "2 to 20")
        game.http.cookies.clear()
        refused(await game.http.get("/auth/me"), 401, "log in first")
        broken = {"Authorization": "Bearer x"}
        refused(await game.http.get("/auth/me", headers=broken), 401, "no valid token")


async def test_attempts_are_limited() -> None:
    async with arkham(AccountPolicy(logins_per_minute=2)) as game:
        for _ in range(2):
            refused(await game.http.post("/auth/login", json=ADA), 401, "Invalid credentials")
        response = await game.http.post("/auth/login", json=ADA)
        error = refused(response, 429, "at most 2 per 60 s")
        assert 1 <= error["details"]["retry_after"] <= 60
        assert 1 <= int(response.headers["retry-after"]) <= 60


async def test_guests_are_limited() -> None:
    async with arkham(AccountPolicy(guests_per_address=2)) as game:
        names = set()
        for _ in range(2):
            body = (await game.http.post("/auth/guest")).json()
            names.add(body["character_name"])
            assert body["has_character"] is True
        assert len(names) == 2
        refused(await game.http.post("/auth/guest"), 429, "at most 2 guests")


async def test_a_browser_plays_by_its_cookie_until_it_logs_out() -> None:
    async with arkham() as game:
        home = {"Origin": f"http://{game.address}"}
        guest = await game.http.post("/auth/guest", headers=home)
        cookie = guest.headers["set-cookie"]
        assert cookie.startswith("dualwire_token=")
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
        name = guest.json()["character_name"]
        assert (await game.http.get("/auth/me")).json()["username"] == name
        sent = {**home, "Cookie": cookie.partition(";")[0]}
        async with (
            ws(game.address, "/api/ws?twins=standby", headers=sent) as socket,
            sse(game.address, "/api/events?twins=standby", **sent) as stream,
        ):
            await until(lambda: of(socket, "welcome") and of(stream, "game_state"))
            assert of(stream, "game_state")[0]["data"]["occupants"] == [name]
            out = await game.http.post("/auth/logout", headers=home)
            assert out.status_code == 200
            assert await socket.wait_end() == 4400
            await stream.wait_end()
            assert stream.bye is not None
            assert stream.bye["reason"] == "logged_out"
        assert not game.http.cookies
        # Whoever copied the token meanwhile has nothing.
        late = await game.http.get("/auth/me", headers={"Cookie": sent["Cookie"]})
        assert late.json()["error"]["type"] == "revoked"
        async with sse(game.address, **sent) as stream:
            assert stream.response.status_code == 401
        assert (await game.http.post("/auth/logout", headers=home)).status_code == 200


async def test_leaving_here_only_ends_nothing_elsewhere() -> None:
    async with arkham() as game:
        player = await game.player("Ada")
        home = {"origin": str(game.http.base_url).rstrip("/")}
        home["authorization"] = f"Bearer {player.token}"
        out = await game.http.post("/auth/logout?session=keep", headers=home)
        assert out.status_code == 200
        assert "dualwire_token" in out.headers["set-cookie"]
        assert await player.do("look")


@pytest.mark.parametrize("path", ["register", "login", "guest", "logout"])
async def test_no_page_elsewhere_logs_anybody_in_or_out(path: str) -> None:
    async with arkham(allowed_origins=["https://friend.example"]) as game:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            response = await game.http.post(f"/auth/{path}", json=ADA, headers=headers)
            refused(response, 403, "rigin")
            assert "set-cookie" not in response.headers
        friend = {"Origin": "https://friend.example"}
        response = await game.http.post(f"/auth/{path}", json=ADA, headers=friend)
        assert response.status_code in (200, 401)
        assert response.headers["access-control-allow-origin"] == friend["Origin"]


async def test_the_cookie_is_secure_where_the_page_is() -> None:
    async with arkham() as game:
        forwarded = {"X-Forwarded-Proto": "https"}
        guest = await game.http.post("/auth/guest", headers=forwarded)
        assert "Secure" in guest.headers["set-cookie"]


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.7", 1), "192.0.2.7"),
        (("2001:db8:1:2:3:4:5:6", 1), "2001:db8:1:2::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("::ffff:192.0.2.7", 1), "192.0.2.7"),
        (("testclient", 1), "testclient"),
        (None, "unknown"),
    ],
)
def test_an_ipv6_peer_owns_its_network(client: Any, address: str) -> None:
    assert address_of(Request({"type": "http", "client": client})) == address
