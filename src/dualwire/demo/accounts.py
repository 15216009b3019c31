"""Who may play: registered players with a password, and guests with a borrowed name."""

from __future__ import annotations

import asyncio
import math
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..abc import Clock
from ..clock import SystemClock
from ..codes import PROTOCOL_ERROR
from ..engines.memory import MemoryEngine
from ..exceptions import AuthenticationError, CapacityError, ConfigurationError, RefusedError
from ..http.attempts import Attempts, Limit
from .account_file import AccountFile, StoredAccount
from .guest_names import guest_name

__all__ = ["Account", "AccountPolicy", "Accounts"]

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_'-]{1,19}")

INVALID = replace(PROTOCOL_ERROR, name="invalid_input", http=422)
TAKEN = replace(PROTOCOL_ERROR, name="username_taken", http=400)

HASHING_AT_ONCE = 2
"""Passwords that are worked on at a time: each costs 64 MiB and a core."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPolicy:
    """What strangers may take."""

    logins_per_minute: int = 10
    """Attempts per address, good ones included."""
    registrations_per_hour: int = 10
    """Per address: a household or a class room, not a robot."""
    accounts: int = 100_000
    guests: int = 500
    """At a time."""
    guests_per_address: int = 10
    """At a time: a few people behind one router."""
    guest_life: float = 24 * 3600.0
    """Seconds that a guest, its name and its token live."""
    token_life: float = 12 * 3600.0
    """Seconds that a registered player's token lives."""
    password: int = 256
    """Characters that a password has at most, so that hashing stays cheap."""

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if not value > 0:
                raise ConfigurationError(option.name, "a number above 0", value)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may play."""

    player_id: str
    name: str
    guest: bool
    life: float
    """Seconds that a token for it lives."""


@dataclass(frozen=True, slots=True)
class _Guest:
    name: str
    address: str
    expires_at: float


class Accounts:
    """Registers, remembers and recognizes players.

    Args:
        policy: limits.
        path: where accounts are kept; ``None`` for this process's memory only.
        clock: time; ``None`` for the system's.
        hasher: works on passwords; ``None`` for argon2id as its authors recommend.
        attempts: counts logins and registrations; ``None`` to do so in this process.

    Raises:
        ConfigurationError: the file is no account file.
    """

    def __init__(
        self,
        policy: AccountPolicy | None = None,
        *,
        path: Path | None = None,
        clock: Clock | None = None,
        hasher: PasswordHasher | None = None,
        attempts: Attempts | None = None,
    ) -> None:
        self.policy = policy or AccountPolicy()
        self._clock = clock or SystemClock()
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHING_AT_ONCE)
        self._file = AccountFile(path) if path is not None else None
        self._accounts: dict[str, StoredAccount] = {}
        self._names: dict[str, str] = {}
        self._read()
        self._registering: set[str] = set()
        self._guests: dict[str, _Guest] = {}
        self._dummy: str | None = None
        own = MemoryEngine(self._clock)
        self._attempts = attempts or Attempts(own, self._clock)
        self._logins = Limit("login", self.policy.logins_per_minute, 60.0)
        self._registrations = Limit("register", self.policy.registrations_per_hour, 3600.0)

    def name_of(self, player_id: str) -> str | None:
        """What a player is called; ``None`` for one that is not known here."""
        guest = self._guests.get(player_id)
        return guest.name if guest else self._names.get(player_id)

    async def register(self, name: str, password: str, address: str) -> Account:
        """Make an account.

        Args:
            name: 2 to 20 letters, digits, ``-``, ``_`` or ``'``; unique, whatever the case.
            password: 1 to ``policy.password`` characters.
            address: where the request came from.

        Raises:
            RefusedError: the name or the password cannot be used, or the name is taken.
            CapacityError: too many accounts, from this address or at all.
        """
        if not _NAME.fullmatch(name):
            raise RefusedError(
                "username: expected 2 to 20 letters, digits, - _ or ', the first one a letter or "
                "a digit",
                INVALID,
            )
        self._check_password(password)
        self._read()
        key = name.casefold()
        if key in self._accounts or key in self._registering:
            raise RefusedError("Username already exists", TAKEN)
        await self._count(self._registrations, address)
        if len(self._accounts) >= self.policy.accounts:
            raise CapacityError("Arkham is full: no more accounts. Play as a guest.")
        self._registering.add(key)
        try:
            hashed = await self._in_thread(self._hasher.hash, password)
            stored = StoredAccount(player_id=str(uuid.uuid4()), name=name, password=hashed)
            if self._file is not None and not await self._file.add(stored):
                raise RefusedError("Username already exists", TAKEN)
            self._accounts[key] = stored
            self._names[stored.player_id] = name
        finally:
            self._registering.discard(key)
        return self._account(stored)

    async def login(self, name: str, password: str, address: str) -> Account:
        """Recognize somebody by the password.

        An unknown name costs as much time as a wrong password, so that names cannot be probed.

        Raises:
            AuthenticationError: there is no such name, or the password is another one.
            CapacityError: too many attempts from this address.
        """
        await self._count(self._logins, address)
        self._check_password(password)
        self._read()
        stored = self._accounts.get(name.casefold())
        if self._dummy is None:
            self._dummy = await self._in_thread(self._hasher.hash, secrets.token_hex())
        hashed = stored.password if stored else self._dummy
        matches = await self._in_thread(self._matches, hashed, password)
        if stored is None or not matches:
            raise AuthenticationError("Invalid credentials")
        return self._account(stored)

    def guest(self, address: str) -> Account:
        """Let somebody in without an account, under a name of our making.

        Raises:
            CapacityError: there are as many guests as there may be, from this address or at all.
        """
        now = self._clock.now()
        self._guests = {key: each for key, each in self._guests.items() if each.expires_at > now}
        mine = [each for each in self._guests.values() if each.address == address]
        for guests, most in (
            (mine, self.policy.guests_per_address),
            ([*self._guests.values()], self.policy.guests),
        ):
            if len(guests) >= most:
                raise CapacityError(
                    f"at most {most} guests at a time, and there are {len(guests)}; "
                    "register a name instead",
                    retry_after=math.ceil(min(each.expires_at for each in guests) - now),
                )
        name = guest_name({each.name for each in self._guests.values()})
        player_id, life = str(uuid.uuid4()), self.policy.guest_life
        self._guests[player_id] = _Guest(name, address, now + life)
        return Account(player_id, name, guest=True, life=life)

    def _read(self) -> None:
        """Learn of accounts that other processes made."""
        if self._file is not None and self._file.changed:
            for each in self._file.load():
                self._accounts[each.name.casefold()] = each
                self._names[each.player_id] = each.name

    def _account(self, stored: StoredAccount) -> Account:
        return Account(stored.player_id, stored.name, guest=False, life=self.policy.token_life)

    def _check_password(self, password: str) -> None:
        if not 1 <= len(password) <= self.policy.password:
            raise RefusedError(
                f"password: expected 1 to {self.policy.password} characters, got {len(password)}",
                INVALID,
            )

    async def _count(self, limit: Limit, address: str) -> None:
        wait = math.ceil(await self._attempts.take(limit, address))
        if wait > 0:
            raise CapacityError(
                f"too many attempts: at most {limit.amount} per {limit.period:g} s; "
                f"try again in {wait} s",
                retry_after=wait,
            )

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, work: Callable[..., T], *args: str) -> T:
        async with self._hashing:
            return await asyncio.to_thread(work, *args)
