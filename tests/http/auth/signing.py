"""Keys and tokens of a login server, for tests."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import get_default_algorithms


@cache
def private_key(algorithm: str, name: str = "one") -> Any:
    """A private key; the same each time."""
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(algorithm: str, name: str = "one", **more: Any) -> dict[str, Any]:
    """The public half of a key, named as it is."""
    public = private_key(algorithm, name).public_key()
    fields = get_default_algorithms()[algorithm].to_jwk(public, as_dict=True)
    fields.pop("key_ops", None)
    full = {**fields, "kid": name, "alg": algorithm, "use": "sig", **more}
    return {key: value for key, value in full.items() if value is not None}


def pem(algorithm: str, name: str = "one") -> bytes:
    """The public half of a key as PEM."""
    public = private_key(algorithm, name).public_key()
    found: bytes = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found


def signed(algorithm: str, name: str = "one", kid: str | None = "one", **claims: Any) -> str:
    """A token of the login server."""
    headers = {"kid": kid} if kid is not None else None
    full = {"sub": "ann", "exp": 4e9, **claims}
    return jwt.encode(full, private_key(algorithm, name), algorithm=algorithm, headers=headers)


def forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes) -> str:
    """A token put together by hand."""
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(jwt.utils.base64url_encode(each).decode() for each in parts)
