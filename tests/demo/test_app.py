from __future__ import annotations

from pathlib import Path

import pytest

from dualwire import ConfigurationError, ConnectionManager
from dualwire.demo import create_app
from dualwire.demo.world import WorldError
from dualwire.http import JWTAuthenticator
from tests.demo.arkham import SECRET, arkham


def test_mistakes_are_told_before_anything_starts(tmp_path: Path) -> None:
    manager, authenticator = ConnectionManager(), JWTAuthenticator(SECRET)
    with pytest.raises(WorldError, match="No such file"):
        create_app(manager, authenticator, world_path=tmp_path / "none.yaml")
    (tmp_path / "accounts.json").write_text("?")
    with pytest.raises(ConfigurationError, match="account file"):
        create_app(manager, authenticator, accounts_path=tmp_path / "accounts.json")
    for origins in ("https://a.example", ["*"]):
        with pytest.raises(ConfigurationError, match="allowed_origins"):
            create_app(manager, authenticator, allowed_origins=origins)


async def test_the_server_api_is_there_with_a_key_only() -> None:
    body = {"event": {"text": "hello"}}
    async with arkham() as game:
        assert (await game.http.post("/api/admin/broadcast", json=body)).status_code == 404
        assert (await game.http.get("/healthz")).status_code == 200
    key = "a key of some length for machines"
    async with arkham(api_key=key) as game:
        assert (await game.http.post("/api/admin/broadcast", json=body)).status_code == 401
        headers = {"X-API-Key": key}
        answer = await game.http.post("/api/admin/broadcast", json=body, headers=headers)
        assert answer.status_code == 200


async def test_a_town_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "world.yaml"
    path.write_text(
        "start: a\nplane: p\nzone: z\nrooms:\n- {id: a, name: Attic, description: Dust.,"
        " district: d, environment: indoors, coordinates: [0, 0], exits: {}}\n"
    )
    async with arkham(world_path=path) as game:
        ada = await game.player("Ada")
        assert await ada.do("look") == "Attic\nDust."
        assert "Ways out: none." in await ada.do("north")
