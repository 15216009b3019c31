"""Examinations of real servers, for tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from dualwire import Clock
from dualwire.cli.address import read_address
from dualwire.cli.doctor.examination import Examination
from dualwire.cli.doctor.findings import Finding, Report
from dualwire.clock import SystemClock


class HurriedClock(Clock):
    """Ten seconds in each second, so that what has to be waited for is soon over."""

    def now(self) -> float:
        return time.monotonic() * 10

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / 10)


class Told:
    """What was told while it went on."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str, share: float | None) -> None:
        assert share is None or 0 <= share <= 1
        self.texts.append(text)

    def watching(self) -> bool:
        """Whether the connections are being left alone."""
        return any("Saying nothing" in text for text in self.texts)


async def examine(
    url: str,
    token: str | None = None,
    *,
    watch: float | None = 0,
    hurried: bool = False,
    tell: Callable[[str, float | None], None] | None = None,
) -> tuple[int, Report]:
    """Look at a server; the exit code, and the report."""
    clock = HurriedClock() if hurried else SystemClock()
    examination = Examination(read_address(url), token, watch, clock, tell or Told())
    code = await examination.run()
    return code, examination.report


def found(report: Report, check: str) -> Finding:
    """The one finding of a check."""
    (finding,) = [each for each in report.findings if each.check == check]
    return finding


def verdicts(report: Report) -> dict[str, Any]:
    """Every check that is not fine, but for the clock, which tests set by hand, and for what a
    machine that is busy with other tests makes slow."""
    bad = {each.check: each.verdict for each in report.findings if each.verdict != "ok"}
    bad.pop("clock", None)
    slow = {"buffering": "warning", "round_trip": "warning"}
    return {check: each for check, each in bad.items() if slow.get(check) != each}
