"""Who a JSON Web Token belongs to, and new tokens for those who have no login server."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import jwt

from ...abc import Authenticator, Clock
from ...clock import SystemClock
from ...codes import TOKEN_EXPIRED
from ...exceptions import AuthenticationError, ConfigurationError
from ...types import Identity
from .keys import Key, Keys, SharedSecret
from .verified import Known, VerifiedTokens

__all__ = ["JWTAuthenticator"]


class JWTAuthenticator(Authenticator):
    """Verifies tokens, and issues them for applications that have no login of their own.

    A token names the player in ``sub`` and its end in ``exp``; both are required. ``name`` is what
    other players call it, ``jti`` the token's own id and ``iat`` the moment of its issue; both are
    for revocation. ::

        JWTAuthenticator(secret)
        JWTAuthenticator(PublicKeys.read("login.pem"), issuer="https://login.example")
        JWTAuthenticator(JWKS("https://login.example/.well-known/jwks.json"), audience="game")

    Args:
        keys: a shared secret of at least 32 bytes, or :class:`~dualwire.http.Keys`; of several any
            one may verify a token.
        algorithms: those that a shared secret is for, of HS256, HS384 and HS512; the first one
            signs. A public key is for the one algorithm that it names.
        audience: what ``aud`` must contain; ``None`` for tokens of whatever audience.
        issuer: what ``iss`` must be; ``None`` for tokens of whatever issuer.
        leeway: seconds that clocks of other machines may be off.
        clock: time; ``None`` for the system's.

    Raises:
        ConfigurationError: there is no key, a secret is too short, or an algorithm needs no secret.
    """

    def __init__(
        self,
        *keys: str | bytes | Keys,
        algorithms: Sequence[str] = ("HS256",),
        audience: str | Sequence[str] | None = None,
        issuer: str | None = None,
        leeway: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        if not keys:
            raise ConfigurationError("keys", "a secret, or where public keys are", None)
        self._keys = [
            each if isinstance(each, Keys) else SharedSecret(each, algorithms) for each in keys
        ]
        signing = (each.signing_key() for each in self._keys)
        self._signing = next((key for key in signing if key is not None), None)
        # The usual case needs no look at what the token says of itself.
        self._only = self._signing if len(self._keys) == len(algorithms) == 1 else None
        self._audience = audience
        self._issuer = issuer
        self._leeway = leeway
        self._clock = clock or SystemClock()
        # Public keys may be withdrawn; what our secret has signed stays signed.
        self._remembered = VerifiedTokens() if self._only is not None else None

    @property
    def waits(self) -> bool:
        """Whether keys may have to be fetched."""
        return any(each.waits for each in self._keys)

    async def authenticate(self, token: str) -> Identity:
        if self._remembered is None:
            return self._identity(await self._verified(token)).identity
        known = self._remembered.find(token)
        if known is None:
            known = self._identity(await self._verified(token))
            self._remembered.keep(token, known)
        else:
            self._check_times(known.expires_at, known.not_before)
        return known.identity

    def _check_times(self, expires_at: float, not_before: float | None) -> None:
        now = self._clock.wall()
        if now >= expires_at:
            raise AuthenticationError("the token has expired; get a new one", TOKEN_EXPIRED)
        if not_before is not None and now < not_before - self._leeway:
            raise AuthenticationError("the token is not valid yet (nbf)")

    def _identity(self, claims: dict[str, Any]) -> Known:
        expires_at = _number(claims, "exp")
        if expires_at is None:
            raise AuthenticationError("the token has no exp: a token must say when it expires")
        # The end of a connection obeys the same leeway as its beginning.
        expires_at += self._leeway
        not_before = _number(claims, "nbf")
        self._check_times(expires_at, not_before)
        name, token_id = claims.get("name"), claims.get("jti")
        identity = Identity(
            player_id=claims["sub"],
            name=name if isinstance(name, str) else None,
            expires_at=expires_at,
            token_id=token_id if isinstance(token_id, str) else None,
            issued_at=_number(claims, "iat"),
        )
        return Known(identity, expires_at, not_before)

    def issue(self, player_id: str, *, name: str | None = None, lifetime: float = 3600.0) -> str:
        """Make a token.

        Args:
            player_id: who it is for.
            name: what other players call it.
            lifetime: seconds until it expires.

        Raises:
            ConfigurationError: there are public keys only, which cannot sign.
        """
        key = self._signing
        if key is None:
            raise ConfigurationError("keys", "a secret beside the public keys, to sign with", None)
        now = self._clock.wall()
        claims: dict[str, Any] = {
            "sub": player_id,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_hex(16),
        }
        if name is not None:
            claims["name"] = name
        if self._audience is not None:
            one = isinstance(self._audience, str)
            claims["aud"] = self._audience if one else list(self._audience)
        if self._issuer is not None:
            claims["iss"] = self._issuer
        return jwt.encode(claims, key.material, algorithm=key.algorithm)

    async def _verified(self, token: str) -> dict[str, Any]:
        """The claims of a token that some key of ours has signed."""
        if self._only is not None:
            return self._decoded(token, self._only)
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise AuthenticationError("this is no valid token") from None
        algorithm, key_id = header.get("alg"), header.get("kid")
        refusal = AuthenticationError("the token was not signed with a key that is known here")
        if not isinstance(algorithm, str):
            raise refusal
        for keys in self._keys:
            for key in await keys.find(algorithm, key_id):
                try:
                    return self._decoded(token, key)
                except AuthenticationError as error:
                    refusal = error
        raise refusal

    def _decoded(self, token: str, key: Key) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key.material,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                # Times are compared here, so that they are those of our clock.
                options={
                    "require": ["sub"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": self._audience is not None,
                },
            )
        except jwt.MissingRequiredClaimError as error:
            raise AuthenticationError(f"the token has no {error.claim}") from None
        except jwt.InvalidAudienceError:
            raise AuthenticationError("the token is for another audience (aud)") from None
        except jwt.InvalidIssuerError:
            raise AuthenticationError("the token is from another issuer (iss)") from None
        except jwt.InvalidSignatureError:
            raise AuthenticationError("the token was not signed with our key") from None
        except jwt.PyJWTError:
            # Without the library's text and its chain: parts of the token may be in them.
            raise AuthenticationError("this is no valid token") from None
        if not claims["sub"]:
            raise AuthenticationError("the token has no sub")
        return claims


def _number(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    # NaN compares false with everything, so that it would never expire.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e15:
        raise AuthenticationError(f"the token's {name} is no number of seconds")
    return float(value)
