"""Tokens: JSON Web Tokens (RFC 7519), and the keys that they are verified with."""

from .authenticator import JWTAuthenticator
from .jwks import JWKS
from .keys import Key, Keys, PublicKeys, SharedSecret

__all__ = ["JWKS", "JWTAuthenticator", "Key", "Keys", "PublicKeys", "SharedSecret"]
