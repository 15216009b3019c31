"""Tokens: JSON Web Tokens (RFC 7519) that are signed with a shared secret."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import jwt

from ..abc import Authenticator, Clock
from ..clock import SystemClock
from ..codes import TOKEN_EXPIRED
from ..exceptions import AuthenticationError, ConfigurationError
from ..types import Identity

__all__ = ["JWTAuthenticator"]

SECRET_BYTES = 32
"""RFC 7518, section 3.2: a key for HS256 has at least the size of the hash."""

_HMAC = ("HS256", "HS384", "HS512")


class JWTAuthenticator(Authenticator):
    """Verifies tokens, and issues them for applications that have no login of their own.

    A token names the player in ``sub`` and its end in ``exp``; both are required. ``name`` is what
    other players call it, ``jti`` the token's own id.

    Args:
        secret: at least 32 bytes, known to whoever issues tokens and to nobody else.
        algorithms: those that are accepted, of HS256, HS384 and HS512; the first one signs.
        audience: what ``aud`` must contain; ``None`` for tokens of whatever audience.
        issuer: what ``iss`` must be; ``None`` for tokens of whatever issuer.
        leeway: seconds that clocks of other machines may be off.
        clock: time; ``None`` for the system's.

    Raises:
        ConfigurationError: the secret is too short, or an algorithm needs no secret.
    """

    waits = False

    def __init__(
        self,
        secret: str | bytes,
        *,
        algorithms: Sequence[str] = ("HS256",),
        audience: str | Sequence[str] | None = None,
        issuer: str | None = None,
        leeway: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self._secret = secret.encode() if isinstance(secret, str) else secret
        if len(self._secret) < SECRET_BYTES:
            raise ConfigurationError(
                "secret", f"at least {SECRET_BYTES} bytes", f"{len(self._secret)} bytes"
            )
        if not algorithms or not set(algorithms) <= set(_HMAC):
            raise ConfigurationError("algorithms", f"some of {', '.join(_HMAC)}", algorithms)
        self._algorithms = list(algorithms)
        self._audience = audience
        self._issuer = issuer
        self._leeway = leeway
        self._clock = clock or SystemClock()

    async def authenticate(self, token: str) -> Identity:
        claims = self._verified(token)
        now = self._clock.wall()
        expires_at = _number(claims, "exp")
        if expires_at is None:
            raise AuthenticationError("the token has no exp: a token must say when it expires")
        # The end of a connection obeys the same leeway as its beginning.
        expires_at += self._leeway
        if now >= expires_at:
            raise AuthenticationError("the token has expired; get a new one", TOKEN_EXPIRED)
        not_before = _number(claims, "nbf")
        if not_before is not None and now < not_before - self._leeway:
            raise AuthenticationError("the token is not valid yet (nbf)")
        name, token_id = claims.get("name"), claims.get("jti")
        return Identity(
            player_id=claims["sub"],
            name=name if isinstance(name, str) else None,
            expires_at=expires_at,
            token_id=token_id if isinstance(token_id, str) else None,
        )

    def issue(self, player_id: str, *, name: str | None = None, lifetime: float = 3600.0) -> str:
        """Make a token.

        Args:
            player_id: who it is for.
            name: what other players call it.
            lifetime: seconds until it expires.
        """
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
        return jwt.encode(claims, self._secret, algorithm=self._algorithms[0])

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=self._algorithms,
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
            raise AuthenticationError("the token was not signed with this secret") from None
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
