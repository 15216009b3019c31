"""Faults by plan: scripts, and random ones that a seed reproduces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Literal, NamedTuple, get_args

from ...exceptions import ConfigurationError
from .faults import Fault, FaultName

__all__ = ["Script", "Step", "TargetName", "random_faults"]

TargetName = Literal["websocket", "sse", "other", "all"]

_AMOUNTS: dict[FaultName, tuple[float, float]] = {
    "delay": (0.01, 0.5),
    "jitter": (0.01, 0.2),
    "split": (1, 64),
    "buffer": (16, 4096),
}
"""Between which random amounts lie: enough to disorder what relies on time, short of a break."""

_LONGEST = 2.0
"""Seconds that a random fault is in force at most."""


class Step(NamedTuple):
    """One line of a script."""

    at: float
    """Seconds after the start."""
    target: TargetName
    fault: Fault


class Script:
    """Faults with their times, sorted.

    Args:
        steps: triples of seconds after the start, target (``websocket``, ``sse``, ``other``,
            ``all``) and fault; the name alone is enough for a fault without an amount. Steps of
            the same time are done in the order given.

    Raises:
        ConfigurationError: a step cannot be done.
    """

    def __init__(self, steps: Sequence[tuple[float, TargetName, Fault | FaultName]]) -> None:
        self.steps = tuple(sorted((_step(*step) for step in steps), key=lambda step: step.at))

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Script) and self.steps == other.steps

    def __hash__(self) -> int:
        return hash(self.steps)

    def __repr__(self) -> str:
        return f"Script({[tuple(step) for step in self.steps]!r})"

    @property
    def duration(self) -> float:
        """Seconds until the last step."""
        return self.steps[-1].at if self.steps else 0.0


def _step(at: float, target: TargetName, fault: Fault | FaultName) -> Step:
    if not 0 <= at < float("inf"):
        raise ConfigurationError("at", "0 or more seconds", at)
    if target not in get_args(TargetName):
        raise ConfigurationError("target", f"one of {', '.join(get_args(TargetName))}", target)
    return Step(at, target, fault if isinstance(fault, Fault) else Fault(fault))


def random_faults(
    seed: int,
    seconds: float,
    rate: float,
    targets: Sequence[TargetName] = ("websocket", "sse"),
    faults: Sequence[FaultName] = (
        "reset",
        "swallow",
        "stall",
        "delay",
        "jitter",
        "split",
        "buffer",
        "refuse",
    ),
) -> Script:
    """Draw a script: the same seed and arguments give the same one on every machine.

    Faults come at random moments, and all but resets are healed after at most 2 s. The last step
    heals everything.

    Args:
        seed: of all chance.
        seconds: how long the script takes.
        rate: faults per second, on average.
        targets: what is hit.
        faults: what is done, each as likely as the others.

    Raises:
        ConfigurationError: an argument leaves nothing to draw from.
    """
    if not 0 < seconds < float("inf"):
        raise ConfigurationError("seconds", "a number above 0", seconds)
    if not 0 < rate < float("inf"):
        raise ConfigurationError("rate", "a number of faults per second above 0", rate)
    if not targets or not faults:
        raise ConfigurationError("targets and faults", "at least one each", (targets, faults))
    rng = Random(seed)  # noqa: S311 - reproducible, not secret
    steps: list[tuple[float, TargetName, Fault | FaultName]] = []
    at = rng.expovariate(rate)
    while at < seconds:
        target, name = rng.choice(targets), rng.choice(faults)
        steps.append((at, target, _random_fault(rng, name)))
        healed = at + rng.uniform(0.0, _LONGEST)
        if name != "reset" and healed < seconds:
            steps.append((healed, target, "heal"))
        at += rng.expovariate(rate)
    return Script([*steps, (seconds, "all", "heal")])


def _random_fault(rng: Random, name: FaultName) -> Fault:
    if name not in _AMOUNTS:
        return Fault(name)
    least, most = _AMOUNTS[name]
    amount = rng.uniform(least, most)
    return Fault(name, float(int(amount)) if name in ("split", "buffer") else amount)
