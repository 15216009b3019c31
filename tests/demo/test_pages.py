from __future__ import annotations

import re
from pathlib import Path

import dualwire.demo.pages
from tests.demo.arkham import arkham

STATIC = Path(dualwire.demo.pages.__file__).with_name("static")


async def test_the_page_may_run_its_own_files_and_nothing_else() -> None:
    async with arkham() as game:
        page = await game.http.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        for wanted in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
            assert wanted in policy
        assert "unsafe" not in policy
        assert (await game.http.head("/")).status_code == 200


async def test_the_page_brings_all_that_it_needs() -> None:
    async with arkham() as game:
        html = (await game.http.get("/")).text
        asked = re.findall(r"(?:src|href)=\"(?!data:)([^\"]+)\"", html)
        assert asked == ["/assets/play.js", "/assets/index.css"]
        css = (await game.http.get("/assets/index.css")).text
        asked += re.findall(r"url\(\"?(?!data:|#)([^)\"]+)", css)
        script = (await game.http.get("/assets/play.js")).text
        asked += {f"/assets/{name}" for name in re.findall(r"\./([\w-]+\.js)", script)}
        assert {f"/assets/{path.name}" for path in (STATIC / "assets").iterdir()} == set(asked)
        for path in asked:
            answer = await game.http.get(path)
            assert answer.status_code == 200
            assert answer.headers["x-content-type-options"] == "nosniff"
        fonts = [path for path in asked if path.endswith(".woff2")]
        assert (await game.http.get(fonts[0])).headers["content-type"] == "font/woff2"
        assert not re.findall(r" (?:on\w+|style)=\"|<style|<script(?! type=\"module\")", html)
        assert 'lang="en"' in html
        assert "viewport" in html


async def test_a_file_is_sent_once_and_small() -> None:
    async with arkham() as game:
        script = await game.http.get("/assets/play.js", headers={"accept-encoding": "gzip"})
        assert script.headers["content-encoding"] == "gzip"
        assert int(script.headers["content-length"]) < len(script.content) / 2
        plain = await game.http.get("/assets/play.js", headers={"accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.content == script.content == (STATIC / "assets" / "play.js").read_bytes()
        known = {"if-none-match": plain.headers["etag"]}
        again = await game.http.get("/assets/play.js", headers=known)
        assert (again.status_code, again.content) == (304, b"")
        other = await game.http.get("/assets/play.js", headers={"if-none-match": '"another"'})
        assert other.status_code == 200


async def test_only_files_of_the_page_are_served() -> None:
    async with arkham() as game:
        for path in ("/assets/none.js", "/assets/..%2Findex.html", "/assets/..%2f..%2fpages.py"):
            assert (await game.http.get(path)).status_code == 404


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
