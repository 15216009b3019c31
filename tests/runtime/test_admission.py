"""Openings that something overtakes while the engine is asked."""

from __future__ import annotations

import pytest

from dualwire.clock import SystemClock
from dualwire.codes import SESSION_REPLACED
from dualwire.config import Config
from dualwire.core.encoding.plain import PlainText
from dualwire.engines.memory import MemoryEngine
from dualwire.exceptions import SessionError
from dualwire.runtime.admission import Opening
from dualwire.runtime.node import Node
from dualwire.types import Cursor, Identity


class Interrupted(MemoryEngine):
    """An engine that outlives its process, so that it is asked what was written; a login elsewhere
    takes over before it answers."""

    durable = True
    taken_over = False

    async def written(self, player_id: str) -> Cursor:
        if not self.taken_over:
            self.taken_over = True
            await self.claim(player_id, "another-session", "never-used")
        return await super().written(player_id)


def opening(session_id: str) -> Opening:
    return Opening(
        player_id="ann",
        connection_type="websocket",
        encoding=PlainText(),
        identity=Identity(player_id="ann"),
        session_id=session_id,
    )


async def test_a_session_that_is_taken_over_while_it_opens_is_refused() -> None:
    node = Node(Interrupted(SystemClock()), SystemClock(), Config())
    try:
        with pytest.raises(SessionError) as refused:
            await node.admission.reserve(opening("this-session"))
        assert refused.value.code is SESSION_REPLACED
        assert not node.connections
        joined = await node.admission.reserve(opening("another-session"))
        assert joined.session_id == "another-session"
    finally:
        await node.stop()
