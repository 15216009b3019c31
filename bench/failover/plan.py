"""Which runs there are, and doing them: disturbed and undisturbed ones alternate."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from .cases import RATES, Course, FaultName, Lane, Peer, run
from .figures import Figures

__all__ = ["DISTURBING", "OURS", "SOCKETIO", "Outcome", "pairs"]

DISTURBING: tuple[FaultName, ...] = ("reset", "swallow", "delay", "buffer")
OURS = tuple(Lane(kind, rate) for kind in ("websocket", "sse") for rate in RATES)
SOCKETIO = tuple(Lane("websocket", rate) for rate in RATES)

_run_ids = itertools.count(1)


@dataclass(kw_only=True)
class Outcome:
    """All pairs of one case."""

    peer: str
    fault: FaultName
    lane: Lane
    undisturbed: list[Figures] = field(default_factory=list)
    disturbed: list[Figures] = field(default_factory=list)

    def total(self, name: str) -> int:
        """A count over all disturbed and undisturbed runs."""
        return sum(getattr(each, name) for each in (*self.disturbed, *self.undisturbed))

    def as_json(self) -> dict[str, Any]:
        """As the report has it."""
        return {
            "peer": self.peer,
            "fault": self.fault,
            "connection": self.lane.connection_type,
            "rate": self.lane.rate,
            "undisturbed": [asdict(each) for each in self.undisturbed],
            "disturbed": [asdict(each) for each in self.disturbed],
        }


async def pairs(
    peer: Peer,
    lanes: Sequence[Lane],
    fault: FaultName,
    course: Course,
    count: int,
    advance: Callable[[], None],
) -> list[Outcome]:
    """Do the pairs of one fault, on all lanes at once.

    Args:
        peer: whose server and client.
        lanes: what runs side by side.
        fault: of the disturbed runs.
        course: of each run.
        count: pairs.
        advance: called after each run.

    Returns:
        An outcome per lane.
    """
    outcomes = [Outcome(peer=peer.name, fault=fault, lane=lane) for lane in lanes]
    for _ in range(count):
        for what in ("none", fault):
            found = await run(peer, lanes, what, course, f"run-{next(_run_ids)}")
            for outcome, figures in zip(outcomes, found, strict=True):
                (outcome.undisturbed if what == "none" else outcome.disturbed).append(figures)
            advance()
    return outcomes
