"""What the conformance suites share: named cases, and failures that say expected and got."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

__all__ = ["Suite", "eventually", "expect", "raises"]

F = TypeVar("F")

DEADLINE = 10.0
"""Seconds after which a case that waits for something gives up: generous, never reached."""


class Suite(Generic[F]):
    """Named cases that each take a factory and make everything they need with it.

    Args:
        port: name of the port, for messages.
    """

    def __init__(self, port: str) -> None:
        self._port = port
        self._cases: dict[str, Callable[[F], Awaitable[None]]] = {}

    def add(self, name: str, case: Callable[[F], Awaitable[None]]) -> None:
        """Add a case under its name."""
        assert name not in self._cases, name
        self._cases[name] = case

    @property
    def cases(self) -> Mapping[str, Callable[[F], Awaitable[None]]]:
        """All cases by name."""
        return dict(self._cases)

    async def check(self, factory: F) -> None:
        """Run all cases.

        Raises:
            AssertionError: a case failed; the text names it.
        """
        for name, case in self._cases.items():
            try:
                await case(factory)
            except AssertionError as error:
                raise AssertionError(f"{self._port}, case {name}: {error}") from error


def expect(what: str, got: Any, expected: Any) -> None:
    """Fail unless two values are equal.

    Raises:
        AssertionError: they differ; the text says how, also under ``python -O``.
    """
    if got != expected:
        raise AssertionError(f"{what}: expected {expected!r}, got {got!r}")


async def raises(error: type[Exception], work: Awaitable[Any], what: str) -> None:
    """Fail unless some work raises an error.

    Raises:
        AssertionError: it did not.
    """
    try:
        got = await work
    except error:
        return
    raise AssertionError(f"{what}: expected {error.__name__}, got {got!r}")


async def eventually(what: str, condition: Callable[[], object]) -> None:
    """Wait until a condition holds: for what a real network does.

    Raises:
        AssertionError: it did not within :data:`DEADLINE`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE
    while not condition():
        if loop.time() > deadline:
            raise AssertionError(f"{what}: not within {DEADLINE:g} s")
        await asyncio.sleep(0.001)
