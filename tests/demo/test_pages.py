from __future__ import annotations

import base64
import hashlib
import re

from tests.demo.arkham import arkham


async def test_the_page_may_run_its_own_script_and_nothing_else() -> None:
    async with arkham() as game:
        page = await game.http.get("/")
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag in ("script", "style"):
            found = re.search(f"<{tag}>(.*?)</{tag}>", page.text, re.DOTALL)
            assert found is not None
            digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{digest}'" in policy
        assert (await game.http.head("/")).status_code == 200


async def test_the_page_stands_alone_and_writes_text_only() -> None:
    async with arkham() as game:
        html = (await game.http.get("/")).text
        assert not re.findall(r"(?:src|href)=\"(?!data:,)", html)
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", html)
        assert not re.findall(r" (?:on\w+|style)=\"", html)
        for wanted in (
            'lang="en"',
            'role="log"',
            'aria-live="polite"',
            "viewport",
            "?twins=standby",
        ):
            assert wanted in html


async def test_rooms_are_public_but_not_who_is_in_them() -> None:
    async with arkham() as game:
        await game.player("Ada")
        room = (await game.http.get("/rooms/station")).json()
        assert room["name"] == "The Railway Station"
        assert room["exits"] == {"south": "garrison_street", "east": "gazette"}
        assert (room["players"], room["occupant_count"]) == ([], 1)
        missing = await game.http.get("/rooms/attic")
        assert missing.status_code == 404
        assert "attic" in missing.json()["detail"]


async def test_status() -> None:
    async with arkham() as game:
        await game.player("Ada")
        await game.stream("Ada")
        assert (await game.http.get("/game/status")).json() == {
            "active_connections": 2,
            "active_players": 1,
            "room_subscriptions": 1,
            "server_time": "2023-11-14T22:13:20Z",
        }
