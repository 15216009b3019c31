"""What an operator is told when a server does not do what was asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.responses import HTMLResponse

from dualwire import ConnectionManager
from dualwire.cli import exit_codes
from dualwire.http import JWTAuthenticator, admin_router, monitoring_router, realtime_router
from tests.http.site import API_KEY, SECRET, Site
from tests.live import serving

from .asked import run

COMMANDS = {
    "stats": ("--player", "ann"),
    "disconnect": ("ann",),
    "revoke": ("--player", "ann"),
    "publish": ("{}", "--all"),
}
ACTIONS = {name: args for name, args in COMMANDS.items() if name != "stats"}


@pytest.mark.parametrize(("command", "args"), ACTIONS.items())
async def test_a_key_is_needed_and_has_to_be_the_right_one(
    site: Site, command: str, args: tuple[str, ...]
) -> None:
    said = await run(command, site.origin, *args, key=None)
    assert said.code == exit_codes.AUTHENTICATION_REFUSED
    assert "set DUALWIRE_API_KEY" in said.err
    said = await run(command, site.origin, *args, key="wrong")
    assert said.code == exit_codes.AUTHENTICATION_REFUSED
    assert "does not accept this key" in said.err
    assert "wrong" not in said.err
    assert said.err.count("\n") == 1


async def test_a_key_that_no_header_can_carry(site: Site) -> None:
    said = await run("disconnect", site.origin, "ann", key="schlüssel")
    assert said.code == exit_codes.AUTHENTICATION_REFUSED
    assert "no header can carry" in said.err


async def test_a_key_from_a_file(site: Site, tmp_path: Path) -> None:
    right = tmp_path / "key"
    right.write_text(f"{API_KEY}\n")
    args = ("publish", site.origin, "{}", "--all", "--key-file")
    assert (await run(*args, str(right), key=None)).code == exit_codes.OK
    for unusable in (tmp_path / "nowhere", tmp_path / "empty"):
        (tmp_path / "empty").touch()
        said = await run(*args, str(unusable), key=None)
        assert said.code == exit_codes.BAD_SETTINGS
        assert said.err.startswith("error: --key-file: expected")


@pytest.mark.parametrize(("command", "args"), COMMANDS.items())
async def test_nobody_there(command: str, args: tuple[str, ...]) -> None:
    said = await run(command, "http://127.0.0.1:9", *args)
    assert said.code == exit_codes.CANNOT_CONNECT
    assert "nothing listens" in said.err


@pytest.mark.parametrize(("command", "args"), COMMANDS.items())
async def test_an_application_without_these_endpoints(command: str, args: tuple[str, ...]) -> None:
    manager = ConnectionManager()
    app = FastAPI()
    app.include_router(realtime_router(manager, JWTAuthenticator(SECRET)))
    app.include_router(admin_router(manager, None))
    async with serving(app) as address:
        said = await run(command, f"http://{address}", *args)
        assert said.code == exit_codes.SERVER_API_OFF
        assert ("monitoring_router" if command == "stats" else "admin_router") in said.err


async def test_no_key_is_set_and_somebody_else_asks() -> None:
    """What a proxy forwards is not this machine's."""
    manager = ConnectionManager()
    app = FastAPI()
    app.include_router(monitoring_router(manager))

    async def behind(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] == "http":
            headers = [*scope["headers"], (b"x-forwarded-for", b"198.51.100.7")]
            scope = scope | {"headers": headers}
        await app(scope, receive, send)

    async with serving(behind) as address:
        said = await run("stats", f"http://{address}")
        assert said.code == exit_codes.SERVER_API_OFF
        assert "no key is set on the server" in said.err


async def test_who_is_not_dualwire() -> None:
    app = FastAPI()

    async def page() -> HTMLResponse:
        return HTMLResponse("<title>\x1b[2JWelcome</title>")

    app.add_api_route("/{path:path}", page, methods=["GET", "POST"])
    async with serving(app) as address:
        for command, args in COMMANDS.items():
            said = await run(command, f"http://{address}", *args)
            assert said.code == exit_codes.NOT_DUALWIRE
            assert "\x1b[2J" not in said.err


async def test_an_address_that_is_none() -> None:
    said = await run("stats", "ftp://game.example")
    assert said.code == exit_codes.BAD_SETTINGS
    assert "URL: expected an address" in said.err
