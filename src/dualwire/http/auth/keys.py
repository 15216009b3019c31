"""Keys that tokens are verified with. Each has the one algorithm that it is for.

A token says by itself how it was signed, and by which key; neither is believed (RFC 8725, section
3.1). A key is only ever used with its own algorithm, so that nobody can sign with a public key as
if it were a secret, or not at all.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import load_pem_x509_certificates

from ...exceptions import ConfigurationError

__all__ = ["HMAC", "Key", "Keys", "PublicKeys", "SharedSecret", "keys_of", "matching"]

HMAC = ("HS256", "HS384", "HS512")
"""Algorithms that sign and verify with the same secret."""

PUBLIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Algorithms that verify with a key that everybody may know."""

SECRET_BYTES = 32
"""RFC 7518, section 3.2: a key for HS256 has at least the size of the hash."""

RSA_BITS = 2048
"""RFC 7518, section 3.3."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key and the algorithm that it is for."""

    algorithm: str
    material: Any
    id: str | None = None
    """What a token's ``kid`` names it by; ``None`` for one without a name."""


class Keys(ABC):
    """Where keys come from."""

    waits: bool = True
    """Whether :meth:`find` may wait for something."""

    @abstractmethod
    async def find(self, algorithm: str, key_id: str | None) -> Sequence[Key]:
        """The keys that a token may have been signed with.

        Args:
            algorithm: what the token says; the keys are for no other one.
            key_id: its ``kid``; ``None`` if it has none.

        Returns:
            None at all if no such key is known.

        Raises:
            EngineError: that cannot be found out now.
        """

    def signing_key(self) -> Key | None:
        """The key that new tokens are signed with; ``None`` where there are public ones only."""
        return None


class SharedSecret(Keys):
    """A secret that whoever issues tokens knows, and nobody else.

    Args:
        secret: at least 32 bytes.
        algorithms: those that are accepted, of HS256, HS384 and HS512; the first one signs.

    Raises:
        ConfigurationError: the secret is too short, or an algorithm needs no secret.
    """

    waits = False

    def __init__(self, secret: str | bytes, algorithms: Sequence[str] = ("HS256",)) -> None:
        material = secret.encode() if isinstance(secret, str) else secret
        if len(material) < SECRET_BYTES:
            raise ConfigurationError(
                "secret", f"at least {SECRET_BYTES} bytes", f"{len(material)} bytes"
            )
        if not algorithms or not set(algorithms) <= set(HMAC):
            raise ConfigurationError("algorithms", f"some of {', '.join(HMAC)}", algorithms)
        self._keys = [Key(algorithm, material) for algorithm in algorithms]

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[Key]:
        return matching(self._keys, algorithm, key_id)

    def signing_key(self) -> Key | None:
        return self._keys[0]


class PublicKeys(Keys):
    """Public keys that do not change.

    Args:
        keys: what tokens may be signed with.
    """

    waits = False

    def __init__(self, keys: Iterable[Key]) -> None:
        self._keys = list(keys)

    @classmethod
    def read(cls, path: Path | str) -> PublicKeys:
        """Read a file: a public key or certificates as PEM, or keys as JSON (a JWK or a JWKS).

        RSA keys are for RS256, Ed25519 keys for EdDSA, and P-256, P-384 and P-521 keys for ES256,
        ES384 and ES512, unless a JWK says something else (``alg``).

        Raises:
            ConfigurationError: it cannot be read, holds no public key, or holds a private one.
        """
        try:
            text = Path(path).read_bytes()
        except OSError as error:
            raise ConfigurationError(
                "public_key_file", "a file that can be read", f"{path}: {error.strerror}"
            ) from None
        keys = _from_json(text) if text.lstrip().startswith(b"{") else _from_pem(text)
        if not keys:
            raise ConfigurationError(
                "public_key_file",
                "a public key (PEM, JWK or JWKS): RSA of at least 2048 bits, Ed25519 or P-256",
                str(path),
            )
        return cls(keys)

    async def find(self, algorithm: str, key_id: str | None) -> Sequence[Key]:
        return matching(self._keys, algorithm, key_id)


def keys_of(document: object) -> list[Key]:
    """The keys of a JSON Web Key Set (RFC 7517, section 5) that verify signatures.

    Keys of a kind, for a use or of a size that we do not know or trust are left out, as the RFC
    wants. So are secrets: one that is published is none.

    Raises:
        ValueError: it is no key set.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("expected a JSON object with a list of keys")
    found = (_from_jwk(each) for each in listed if isinstance(each, dict))
    return [key for key in found if key is not None]


def matching(keys: Sequence[Key], algorithm: str, key_id: str | None) -> Sequence[Key]:
    """A key without a name may be any; a token without a ``kid`` may be of any key."""
    return [
        key
        for key in keys
        if key.algorithm == algorithm and (key_id is None or key.id in (None, key_id))
    ]


def _from_jwk(fields: dict[str, Any]) -> Key | None:
    if fields.get("use", "sig") != "sig" or "d" in fields:
        return None
    operations = fields.get("key_ops")
    if isinstance(operations, list) and "verify" not in operations:
        return None
    if fields.get("alg") is not None and fields["alg"] not in PUBLIC:
        return None
    try:
        read = jwt.PyJWK(fields)
    except (jwt.PyJWTError, UnsupportedAlgorithm, ValueError, TypeError, KeyError, AttributeError):
        return None
    name, key_id = read.algorithm_name, fields.get("kid")
    if name not in PUBLIC or _is_weak(read.key):
        return None
    return Key(name, read.key, key_id if isinstance(key_id, str) else None)


def _from_json(text: bytes) -> list[Key]:
    try:
        document = json.loads(text)
        if isinstance(document, dict) and "kty" in document:
            document = {"keys": [document]}
        return keys_of(document)
    except ValueError:
        return []


def _from_pem(text: bytes) -> list[Key]:
    if b"PRIVATE KEY" in text:
        raise ConfigurationError(
            "public_key_file",
            "a public key; the private one belongs to whoever issues tokens, and nowhere else",
            "a private key",
        )
    try:
        if b"BEGIN CERTIFICATE" in text:
            materials: list[Any] = [each.public_key() for each in load_pem_x509_certificates(text)]
        else:
            materials = [load_pem_public_key(text)]
    except (ValueError, UnsupportedAlgorithm):
        return []
    named = ((_algorithm_of(each), each) for each in materials)
    return [Key(name, each) for name, each in named if name and not _is_weak(each)]


def _algorithm_of(material: Any) -> str | None:
    if isinstance(material, rsa.RSAPublicKey):
        return "RS256"
    if isinstance(material, ed25519.Ed25519PublicKey):
        return "EdDSA"
    if isinstance(material, ec.EllipticCurvePublicKey):
        by_curve = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
        return by_curve.get(material.curve.name)
    return None


def _is_weak(material: Any) -> bool:
    return isinstance(material, rsa.RSAPublicKey) and material.key_size < RSA_BITS
