"""Whose tokens the server accepts, by its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from dualwire import AuthenticationError, ConfigurationError
from dualwire.cli.serve import authenticator_of
from dualwire.settings import load_settings
from tests.http.auth.signing import pem, signed

SECRET = "a-secret-for-tests-of-at-least-32-bytes"


async def test_a_login_servers_tokens_beside_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "login.pem"
    key.write_bytes(pem("RS256"))
    monkeypatch.setenv("DUALWIRE_PUBLIC_KEY_FILE", str(key))
    monkeypatch.setenv("DUALWIRE_AUDIENCE", "game, chat")
    monkeypatch.setenv("DUALWIRE_ISSUER", "https://login.example")
    monkeypatch.setenv("DUALWIRE_LEEWAY", "5")
    auth = authenticator_of(load_settings(), SECRET)
    assert (await auth.authenticate(auth.issue("bob"))).player_id == "bob"
    good = {"aud": "chat", "iss": "https://login.example"}
    identity = await auth.authenticate(signed("RS256", **good))
    assert identity.expires_at == 4e9 + 5
    for wrong in ({"aud": "mail"}, {"iss": "https://evil.example"}):
        with pytest.raises(AuthenticationError):
            await auth.authenticate(signed("RS256", **(good | wrong)))


def test_addresses_and_files_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="jwks_url: expected an address of https"):
        authenticator_of(load_settings(jwks_url="http://login.example/keys"), SECRET)
    with pytest.raises(ConfigurationError, match="public_key_file: expected a file"):
        authenticator_of(load_settings(public_key_file=tmp_path / "nowhere"), SECRET)
