"""What can be done to a connection."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, get_args

from ...exceptions import ConfigurationError

__all__ = ["Direction", "Fault", "FaultName", "Faultable"]

FaultName = Literal[
    "reset", "swallow", "stall", "delay", "jitter", "split", "buffer", "refuse", "heal"
]
Direction = Literal["to_client", "to_server", "both"]

_AMOUNTS = {"delay": "seconds", "jitter": "seconds", "split": "bytes", "buffer": "bytes"}
"""The faults that need an amount, and its unit."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing to do to connections; :class:`Faultable` has a method for each.

    Args:
        name: what.
        amount: seconds of ``delay`` and ``jitter``, bytes of ``split`` and ``buffer``; ``None``
            for all others.
        direction: which of the two ways; ``refuse`` always means the whole connection.

    Raises:
        ConfigurationError: there is no such fault, or the amount does not suit it.
    """

    name: FaultName
    amount: float | None = None
    direction: Direction = "both"

    def __post_init__(self) -> None:
        if self.name not in get_args(FaultName):
            raise ConfigurationError("fault", f"one of {', '.join(get_args(FaultName))}", self.name)
        if self.direction not in get_args(Direction):
            expected = f"one of {', '.join(get_args(Direction))}"
            raise ConfigurationError("direction", expected, self.direction)
        unit = _AMOUNTS.get(self.name)
        if unit is None:
            if self.amount is not None:
                raise ConfigurationError(self.name, "no amount", self.amount)
        elif self.amount is None or not _suits(unit, self.amount):
            least = "0 or more seconds" if unit == "seconds" else "1 or more whole bytes"
            raise ConfigurationError(self.name, least, self.amount)


def _suits(unit: str, amount: float) -> bool:
    if not 0 <= amount < float("inf"):
        return False
    return unit == "seconds" or (amount >= 1 and amount == int(amount))


class Faultable(ABC):
    """Something that faults can be aimed at.

    Faults of different names are in force together; a second one of the same name replaces the
    first, and ``swallow`` and ``stall`` replace one another. Directions are independent.
    """

    @abstractmethod
    def apply(self, fault: Fault) -> None:
        """Do it now."""

    def reset(self, direction: Direction = "both") -> None:
        """End connections with a TCP reset, as a crash or a firewall does.

        Args:
            direction: who is sent the reset. The other peer of a connection that is reset in one
                direction learns nothing: what it sends vanishes, until :meth:`heal`.
        """
        self.apply(Fault("reset", None, direction))

    def swallow(self, direction: Direction = "both") -> None:
        """Keep connections open while everything sent, an end too, vanishes: a dead link.

        What the proxy had read before still arrives. After :meth:`heal` bytes pass again, those
        sent meanwhile are lost, and an end is passed on late.
        """
        self.apply(Fault("swallow", None, direction))

    def stall(self, direction: Direction = "both") -> None:
        """Read no more, so that the sender's buffers fill; :meth:`heal` loses nothing."""
        self.apply(Fault("stall", None, direction))

    def delay(self, seconds: float, direction: Direction = "both") -> None:
        """Let every byte arrive later, in order, without limiting the throughput.

        At most 64 MiB are under way in each direction; then the sender has to wait.

        Args:
            seconds: added to the way.
            direction: which way.
        """
        self.apply(Fault("delay", seconds, direction))

    def jitter(self, seconds: float, direction: Direction = "both") -> None:
        """Let bytes arrive later by a random time; the order is kept.

        Args:
            seconds: the most that is added, on top of any delay.
            direction: which way.
        """
        self.apply(Fault("jitter", seconds, direction))

    def split(self, size: int, direction: Direction = "both") -> None:
        """Write in small pieces, each in a loop turn of its own.

        Args:
            size: the most bytes of a piece. (The receiving kernel may join pieces that nobody
                has read yet.)
            direction: which way.
        """
        self.apply(Fault("split", size, direction))

    def buffer(self, size: int, direction: Direction = "both") -> None:
        """Hold bytes until enough have gathered, as a buffering reverse proxy does.

        Args:
            size: bytes of the portions that are passed on. What is less is held until
                :meth:`heal` or the end of the stream.
            direction: which way.
        """
        self.apply(Fault("buffer", size, direction))

    def refuse(self) -> None:
        """Reset new connections at once; open ones go on. :meth:`heal` lifts it."""
        self.apply(Fault("refuse"))

    def heal(self, direction: Direction = "both") -> None:
        """Back to normal: what is held flows on, what was swallowed stays lost."""
        self.apply(Fault("heal", None, direction))
