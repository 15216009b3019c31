"""Sessions: one run of a game client. A player has at most one.

The rules, by what a player's current session is and which id comes:

=============  ==================  ============================================
current        id that comes       outcome
=============  ==================  ============================================
none           none                ``new`` with a fresh id
none           any but retired     ``new`` with that id
live           none or the same    ``joined``
live           another             ``takeover``: the old id is retired
any            retired             ``refused``, with the code that retired it
=============  ==================  ============================================

Claiming an id retires every other id that the player used: two clients never fight, and a tab that
slept past the resume window cannot evict its successor.

A session carries events of certain types, or all. Who first says which decides, for as long as the
session lives: so all its connections, on whatever node, account for the same events.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from ..codes import FORBIDDEN, PROTOCOL_ERROR, SESSION_REPLACED, Code
from ..exceptions import SessionError
from ..types import EventTypes

__all__ = ["Claim", "SessionTable", "check_session_id", "issue_session_id"]

MOST_RETIRED = 1_000
"""Retired ids that are remembered of one player: the oldest gives way first, so that somebody who
begins one session after the other costs no more."""

_SESSION_ID = re.compile(r"[A-Za-z0-9_.-]{8,128}")
_ISSUED = "dw."


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What came of claiming a session."""

    outcome: Literal["new", "joined", "takeover", "refused"]
    session_id: str
    replaced: str | None = None
    """The session that a takeover ended."""
    code: Code | None = None
    """Why it was refused."""
    types: EventTypes | None = None
    """What was decided about the types of events that the session carries; ``None`` for nothing
    yet."""


@dataclass(slots=True)
class _Slot:
    current: str | None = None
    types: EventTypes | None = None
    lapsed: dict[str, float] = field(default_factory=dict)
    retired: dict[str, tuple[float, Code]] = field(default_factory=dict)


class SessionTable:
    """Sessions of all players.

    Args:
        remember: seconds that a used id is remembered, so that it can be refused once retired.
    """

    def __init__(self, remember: float) -> None:
        self._remember = remember
        self._slots: dict[str, _Slot] = {}
        self._used: set[str] = set()
        """Players who used an id that is not their current one."""

    def claim(
        self,
        player_id: str,
        session_id: str | None,
        fresh_id: str,
        now: float,
        types: EventTypes | None = None,
    ) -> Claim:
        """Claim a session for a connection that opens.

        Args:
            player_id: the player.
            session_id: the id that the client gave, if any.
            fresh_id: the id to use where none was given and none is current.
            now: seconds.
            types: decides which events the session carries, unless that is decided already;
                ``None`` to decide nothing.
        """
        slot = self._slots.setdefault(player_id, _Slot())
        if session_id is not None and session_id in slot.retired:
            since, code = slot.retired[session_id]
            if now - since < self._remember:
                return Claim(outcome="refused", session_id=session_id, code=code)
            del slot.retired[session_id]
        if slot.current is not None and session_id in (None, slot.current):
            slot.types = types if slot.types is None else slot.types
            return Claim(outcome="joined", session_id=slot.current, types=slot.types)
        slot.types = types
        replaced, slot.current = slot.current, session_id or fresh_id
        if replaced is not None:
            slot.lapsed[replaced] = now
            self._used.add(player_id)
        slot.lapsed.pop(slot.current, None)
        for other in slot.lapsed:
            slot.retired[other] = (now, SESSION_REPLACED)
        slot.lapsed.clear()
        while len(slot.retired) > MOST_RETIRED:
            del slot.retired[next(iter(slot.retired))]
        if replaced is None:
            return Claim(outcome="new", session_id=slot.current, types=types)
        return Claim(outcome="takeover", session_id=slot.current, replaced=replaced, types=types)

    def current(self, player_id: str) -> str | None:
        """The player's session, ``None`` when it has none that lives or can be resumed."""
        slot = self._slots.get(player_id)
        return slot.current if slot else None

    def retired_as(self, player_id: str, session_id: str, now: float) -> Code | None:
        """Why an id is refused, ``None`` when it is not."""
        slot = self._slots.get(player_id)
        since, code = slot.retired.get(session_id, (now, None)) if slot else (now, None)
        return code if now - since < self._remember else None

    def end(
        self, player_id: str, code: Code, now: float, session_id: str | None = None
    ) -> str | None:
        """End the player's session; its id is refused from now on.

        Args:
            player_id: whose.
            code: why.
            now: seconds.
            session_id: which one; another one than the current is refused from now on, and nothing
                ends. ``None``: the current one.

        Returns:
            The id that ended, ``None`` if there was no session.
        """
        slot = self._slots.get(player_id)
        if session_id is not None and (slot is None or session_id != slot.current):
            slot = self._slots.setdefault(player_id, _Slot())
            slot.lapsed.pop(session_id, None)
            slot.retired[session_id] = (now, code)
            self._used.add(player_id)
            return None
        if slot is None or slot.current is None:
            return None
        ended, slot.current = slot.current, None
        slot.retired[ended] = (now, code)
        self._used.add(player_id)
        return ended

    def lapse(self, player_id: str, now: float) -> str | None:
        """The session can no longer be resumed.

        Its id is not retired: a client that comes back with it starts anew, unless a successor has
        claimed another id meanwhile.

        Returns:
            The id that lapsed, ``None`` if there was no session.
        """
        slot = self._slots.get(player_id)
        if slot is None or slot.current is None:
            return None
        lapsed, slot.current = slot.current, None
        slot.lapsed[lapsed] = now
        self._used.add(player_id)
        return lapsed

    def tick(self, now: float) -> None:
        """Forget ids that were used long enough ago."""
        oldest = now - self._remember
        for player_id in list(self._used):
            slot = self._slots[player_id]
            for session_id, at in list(slot.lapsed.items()):
                if at <= oldest:
                    del slot.lapsed[session_id]
            for session_id, (at, _) in list(slot.retired.items()):
                if at <= oldest:
                    del slot.retired[session_id]
            if not slot.lapsed and not slot.retired:
                self._used.discard(player_id)
                if slot.current is None:
                    del self._slots[player_id]

    def __len__(self) -> int:
        """Sessions that live or can be resumed."""
        return sum(slot.current is not None for slot in self._slots.values())


def issue_session_id(random: str, player_id: str, key: bytes | None) -> str:
    """Make a session id.

    Args:
        random: at least 128 random bits as text of ``[A-Za-z0-9_-]``.
        player_id: whose session it is.
        key: with a key the id carries a MAC over the player, so that another player's id is refused
            without a look-up.
    """
    if key is None:
        return f"s.{random}"
    return f"{_ISSUED}{random}.{_mac(random, player_id, key)}"


def check_session_id(session_id: str, player_id: str, key: bytes | None) -> None:
    """Refuse an id that is malformed, or that was issued to somebody else.

    Raises:
        SessionError: with code 4422 for a malformed id, 4403 for another player's.
    """
    if not _SESSION_ID.fullmatch(session_id):
        raise SessionError(
            f"session_id: expected 8 to 128 characters of [A-Za-z0-9_.-], got {session_id[:140]!r}",
            PROTOCOL_ERROR,
        )
    if key is not None and session_id.startswith(_ISSUED):
        random, _, mac = session_id[len(_ISSUED) :].rpartition(".")
        if not hmac.compare_digest(mac, _mac(random, player_id, key)):
            raise SessionError("session_id: it was not issued to this player", FORBIDDEN)


def _mac(random: str, player_id: str, key: bytes) -> str:
    return hmac.new(key, f"{player_id}\0{random}".encode(), sha256).hexdigest()[:32]
