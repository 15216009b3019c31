"""Public keys: read from files, each for one algorithm, and for nothing else."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from dualwire import AuthenticationError, ConfigurationError
from dualwire.http import JWTAuthenticator, Keys, PublicKeys, SharedSecret
from dualwire.http.auth.keys import keys_of

from .signing import forged, jwk, pem, private_key, signed

SECRET = "a-secret-for-tests-of-at-least-32-bytes"
KINDS = ("RS256", "EdDSA", "ES256")


def key_file(folder: Path, content: bytes | str) -> Path:
    path = folder / "key"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


async def player(keys: Keys | str, token: str, *more: Keys) -> str | None:
    """Whose token it is, ``None`` for a worthless one."""
    try:
        return (await JWTAuthenticator(keys, *more).authenticate(token)).player_id
    except AuthenticationError:
        return None


@pytest.mark.parametrize("algorithm", KINDS)
@pytest.mark.parametrize("form", ["pem", "jwk", "jwks"])
async def test_a_key_from_a_file(tmp_path: Path, algorithm: str, form: str) -> None:
    content: dict[str, Any] = {
        "pem": pem(algorithm),
        "jwk": json.dumps(jwk(algorithm)).encode(),
        "jwks": json.dumps({"keys": [jwk("RS256", "other"), jwk(algorithm)]}).encode(),
    }
    keys = PublicKeys.read(key_file(tmp_path, content[form]))
    assert await player(keys, signed(algorithm)) == "ann"
    assert await player(keys, signed(algorithm, kid=None)) == "ann"
    assert await player(keys, signed(algorithm, "two", kid="one")) is None
    assert await player(keys, signed(algorithm)[:-6] + "AAAAAA") is None


async def test_a_key_is_for_its_own_algorithm_only(tmp_path: Path) -> None:
    """The oldest trick: sign with the public key as if it were a secret."""
    public = pem("RS256")
    keys = PublicKeys.read(key_file(tmp_path, public))
    for alg in ("HS256", "none", "RS512", "PS256", "hs256", "", None):
        for secret in (public, public.strip(), b""):
            header, claims = {"typ": "JWT", "alg": alg, "kid": "one"}, {"sub": "ann", "exp": 4e9}
            text = forged(header, claims, b"").rstrip(".").encode()
            for signature in (hmac.new(secret, text, hashlib.sha256).digest(), b""):
                token = forged(header, claims, signature)
                assert await player(keys, token) is None
                # Nor beside a secret, whose algorithm it may be.
                assert await player(SECRET, token, keys) is None


async def test_a_secret_and_public_keys_side_by_side() -> None:
    keys = PublicKeys([])
    auth = JWTAuthenticator(SECRET, keys)
    assert await player(SECRET, auth.issue("bob"), keys) == "bob"
    ours = PublicKeys(keys_of({"keys": [jwk("EdDSA")]}))
    assert await player(SECRET, signed("EdDSA"), ours) == "ann"
    assert await player(SECRET, JWTAuthenticator(SECRET).issue("bob"), ours) == "bob"
    assert await player(SECRET, signed("RS256"), ours) is None


async def test_several_algorithms_of_a_secret() -> None:
    secret = SECRET * 2
    auth = JWTAuthenticator(secret, algorithms=["HS512", "HS256"])
    for algorithm in ("HS512", "HS256"):
        token = jwt.encode({"sub": "ann", "exp": 4e9}, secret, algorithm=algorithm)
        assert (await auth.authenticate(token)).player_id == "ann"
    token = jwt.encode({"sub": "ann", "exp": 4e9}, secret, algorithm="HS384")
    with pytest.raises(AuthenticationError, match="not signed with a key that is known"):
        await auth.authenticate(token)
    assert jwt.get_unverified_header(auth.issue("ann"))["alg"] == "HS512"
    assert await player(SharedSecret(secret, ["HS512"]), auth.issue("ann")) == "ann"


def test_public_keys_cannot_sign() -> None:
    auth = JWTAuthenticator(PublicKeys(keys_of({"keys": [jwk("EdDSA")]})))
    with pytest.raises(ConfigurationError, match="a secret beside the public keys"):
        auth.issue("ann")


def test_no_key_at_all_is_no_authenticator() -> None:
    with pytest.raises(ConfigurationError, match="keys: expected a secret, or where public keys"):
        JWTAuthenticator()


def test_what_is_no_public_key_is_refused(tmp_path: Path) -> None:
    private = private_key("RS256").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ConfigurationError, match="the private one belongs to whoever issues"):
        PublicKeys.read(key_file(tmp_path, private))
    for content in ("", "rubbish", "{}", '{"keys": 7}', '{"keys": []}', "{", '{"kty": "oct"}'):
        with pytest.raises(ConfigurationError, match="public_key_file: expected a public key"):
            PublicKeys.read(key_file(tmp_path, content))
    with pytest.raises(ConfigurationError, match="a file that can be read"):
        PublicKeys.read(tmp_path / "nowhere")


def test_keys_that_are_not_to_be_trusted_are_left_out() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    weak = jwt.algorithms.RSAAlgorithm.to_jwk(small, as_dict=True)
    secret = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA", "alg": "HS256"}
    left_out = [
        weak,
        secret,
        jwk("RS256", use="enc"),
        jwk("RS256", key_ops=["encrypt"]),
        jwk("RS256", d="private"),
        jwk("RS256", alg="none"),
        jwk("RS256", alg="HS256"),
        jwk("RS256", alg="RSA-OAEP"),
        jwk("EdDSA", crv="Ed448"),
        {"kty": "new"},
        7,
        "key",
    ]
    assert keys_of({"keys": left_out}) == []
    kept = keys_of({"keys": [*left_out, jwk("RS256", alg=None, use=None, kid=None)]})
    assert [(each.algorithm, each.id) for each in kept] == [("RS256", None)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
fields = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "alg", "kid", "use", "key_ops", "k"])
words = st.sampled_from(["RSA", "EC", "OKP", "oct", "P-256", "Ed25519", "RS256", "sig", "AQAB"])


@given(st.lists(st.dictionaries(fields, words | json_values), max_size=3) | json_values)
def test_whatever_a_login_server_publishes(keys: Any) -> None:
    try:
        keys_of({"keys": keys})
    except ValueError:
        assert not isinstance(keys, list)
