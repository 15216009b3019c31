"""What a run of attacks comes to: added up over its processes, and printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

__all__ = ["SHOWN", "Tally"]

SHOWN = 20
"""Findings that are printed in full; a process that has so many stops."""


@dataclass
class Tally:
    """Counts of one process, or of several together."""

    inputs: Counter[str] = field(default_factory=Counter)
    """How many, by surface."""
    spent: Counter[str] = field(default_factory=Counter)
    """Milliseconds, by surface."""
    statuses: Counter[int] = field(default_factory=Counter)
    """HTTP answers."""
    heard: int = 0
    """Events that the bystanders got."""
    said: int = 0
    """Events that were sent to them."""
    findings: list[str] = field(default_factory=list)
    grown: float = 0.0
    """MB of memory that the processes took in the last three quarters of the run."""

    def add(self, other: Tally) -> None:
        """Add what another process counted."""
        self.inputs += other.inputs
        self.spent += other.spent
        self.statuses += other.statuses
        self.heard += other.heard
        self.said += other.said
        self.findings += other.findings
        self.grown += other.grown

    def print(self, console: Console) -> None:
        """Say it to a person."""
        table = Table("surface", "inputs", "seconds")
        for name, spent in self.spent.items():
            table.add_row(name, f"{self.inputs[name]:,}", f"{spent / 1000:.0f}")
        table.add_row("all", f"{self.inputs.total():,}", f"{self.spent.total() / 1000:.0f}")
        console.print(table)
        answers = (f"{status}: {count:,}" for status, count in sorted(self.statuses.items()))
        console.print(f"answers: {', '.join(answers)}", highlight=False, soft_wrap=True)
        console.print(f"bystanders: {self.heard:,} of {self.said:,} events, each once")
        console.print(f"memory: {self.grown:+.1f} MB in the last three quarters", highlight=False)
        for finding in list(dict.fromkeys(self.findings))[:SHOWN]:
            console.rule("finding")
            console.print(finding, markup=False, highlight=False, soft_wrap=True)
        console.print(f"findings: {len(self.findings)}", highlight=False)
