"""What each client got, against what the publisher knows that it was due."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from .ledger import Ledger

__all__ = ["Verdict", "Witness", "judge", "last_due"]

EXAMPLES = 20


@dataclass(slots=True)
class Witness:
    """One client's account of its session. Counts are the publisher's, by stream."""

    player: str
    session: str
    before: Mapping[str, int]
    """Counts when it began to connect: it is due nothing up to there."""
    opened: Mapping[str, int] | None = None
    """Counts when it was open: it is due everything above. ``None`` while it is not."""
    replaced: bool = False
    """Whether another session took over, so that it is due only what comes before something that
    it got."""
    seen: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """By stream, in the order in which the application got them."""
    newest: int = 0
    """The latest event that it got, by the order of publishing."""
    reported: Counter[str] = field(default_factory=Counter)
    """By stream: how many the client was told to be lost."""

    def got(self, stream: str, n: int, order: int) -> None:
        """The application got an event."""
        self.seen[stream].append(n)
        self.newest = max(self.newest, order)


@dataclass(slots=True, kw_only=True)
class Verdict:
    """All clients together."""

    delivered: int = 0
    lost: int = 0
    repeated: int = 0
    out_of_order: int = 0
    not_due: int = 0
    """Events of a room that the player was not in, or from before its session."""
    reported: int = 0
    """Missing, and the client was told so."""
    examples: list[str] = field(default_factory=list)
    """The first of what went wrong."""

    def note(self, witness: Witness, stream: str, what: str, numbers: list[int]) -> int:
        """Remember an example; how many there are."""
        if numbers and len(self.examples) < EXAMPLES:
            few = ", ".join(map(str, numbers[:8])) + (" ..." if len(numbers) > 8 else "")
            self.examples.append(
                f"{witness.player} in {witness.session}: {stream} {what} {few} ({len(numbers)})"
            )
        return len(numbers)


def judge(ledger: Ledger, witness: Witness, verdict: Verdict) -> None:
    """Add one client's account to the verdict."""
    for stream in sorted(set(ledger.streams(witness.player)) | set(witness.seen)):
        _judge(ledger, witness, stream, verdict)


def _judge(ledger: Ledger, witness: Witness, stream: str, verdict: Verdict) -> None:
    seen = witness.seen.get(stream, [])
    had, behind, repeated, late = set[int](), 0, [], []
    for n in seen:
        if n in had:
            repeated.append(n)
        elif n < behind:
            late.append(n)
        had.add(n)
        behind = max(behind, n)
    due = _due(ledger, witness, stream)
    before = witness.before.get(stream, 0)
    stray = sorted(n for n in had if n <= before or not _is_due(ledger, witness.player, stream, n))
    missing = sorted(due - had)
    told = min(len(missing), witness.reported[stream])
    verdict.delivered += len(had)
    verdict.reported += told
    verdict.repeated += verdict.note(witness, stream, "repeated", repeated)
    verdict.out_of_order += verdict.note(witness, stream, "out of order", late)
    verdict.not_due += verdict.note(witness, stream, "not due", stray)
    verdict.lost += verdict.note(witness, stream, "lost", missing[told:])


def _due(ledger: Ledger, witness: Witness, stream: str) -> set[int]:
    """What a client must have."""
    if witness.opened is None:
        return set()
    start = witness.opened.get(stream, 0)
    # It may have begun before it said so; then it has to have everything from there.
    start = min([start, *(n - 1 for n in witness.seen.get(stream, ()))])
    orders = ledger.orders[stream]
    due: set[int] = set()
    for stay in ledger.stays(witness.player, stream):
        until = len(orders) if stay.until is None else stay.until
        due.update(range(max(stay.after, start) + 1, until + 1))
    if witness.replaced:
        due = {n for n in due if orders[n - 1] <= witness.newest}
    return due


def _is_due(ledger: Ledger, player: str, stream: str, n: int) -> bool:
    return any(
        stay.after < n and (stay.until is None or n <= stay.until)
        for stay in ledger.stays(player, stream)
    )


def last_due(ledger: Ledger, player: str) -> dict[str, int]:
    """By stream: the newest event that the player's client is due; 0 for none."""
    return {
        stream: max(
            (
                ledger.count(stream) if stay.until is None else stay.until
                for stay in ledger.stays(player, stream)
                if stay.until is None or stay.until > stay.after
            ),
            default=0,
        )
        for stream in ledger.streams(player)
    }
