"""Commands take effect at most once, and the client always learns which outcome they had.

=============  ===========  ==================================================
known as       comes        outcome
=============  ===========  ==================================================
nothing        first time   ``new``: run it
nothing        as a retry   ``unknown``: whoever ran it, if anybody, is gone; and
                            nobody will, should the first one come later
running        either       ``running``: its reply is on its way
replied        either       ``replied``: the same reply once more
=============  ===========  ==================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..types import Reply

__all__ = ["CommandClaim", "CommandTable"]


@dataclass(frozen=True, slots=True)
class CommandClaim:
    """What is to be done with a command that came in."""

    outcome: Literal["new", "running", "replied", "unknown"]
    reply: Reply | None = None


class CommandTable:
    """Commands of all players, for as long as a client may ask again.

    Args:
        keep: seconds that a reply is kept.
    """

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._running: dict[tuple[str, str], float] = {}
        self._replied: dict[tuple[str, str], tuple[float, Reply]] = {}

    def claim(self, player_id: str, command_id: str, *, retry: bool, now: float) -> CommandClaim:
        """Claim a command before it runs; exactly one caller gets ``new``."""
        key = player_id, command_id
        if key in self._replied:
            return CommandClaim("replied", self._replied[key][1])
        if key in self._running:
            return CommandClaim("running")
        if retry:
            # Remembered, so that the first one cannot run if it turns up later: a repeat may well
            # overtake it, over another connection.
            reason = "nothing is known of this command; it was not executed"
            reply = Reply(command_id=command_id, outcome="unknown", reason=reason)
            self._replied[key] = now, reply
            return CommandClaim("unknown", reply)
        self._running[key] = now
        return CommandClaim("new")

    def finish(self, player_id: str, reply: Reply, now: float) -> bool:
        """Keep the reply of a command that ran.

        Returns:
            Whether it was running; only then is the reply the command's outcome.
        """
        key = player_id, reply.command_id
        if self._running.pop(key, None) is None:
            return False
        self._replied[key] = now, reply
        return True

    def tick(self, now: float) -> None:
        """Forget replies that were kept long enough."""
        old = []
        for key, (at, _) in self._replied.items():
            # In order of insertion, so the first one that is young enough ends the look.
            if now - at < self._keep:
                break
            old.append(key)
        for key in old:
            del self._replied[key]
