"""Commands at most once: the table."""

from __future__ import annotations

import pytest

from dualwire.core.commands import CommandTable
from dualwire.types import Reply

DONE = Reply(command_id="c.1", outcome="done", body={"text": "ok"})


def claim(table: CommandTable, *, retry: bool = False, now: float = 0.0) -> str:
    return table.claim("ann", "c.1", retry=retry, now=now).outcome


def test_a_command_runs_once_and_its_reply_is_given_again() -> None:
    table = CommandTable(keep=120.0)
    assert claim(table) == "new"
    assert claim(table) == claim(table, retry=True) == "running"
    assert table.finish("ann", DONE, 1.0)
    assert claim(table) == claim(table, retry=True) == "replied"
    assert table.claim("ann", "c.1", retry=True, now=2.0).reply == DONE


def test_a_retry_that_nobody_knows_is_not_new_and_neither_is_what_it_overtook() -> None:
    table = CommandTable(keep=120.0)
    assert claim(table, retry=True) == "unknown"
    assert claim(table) == "replied", "the client was told that it is not executed"
    reply = table.claim("ann", "c.1", retry=False, now=1.0).reply
    assert reply is not None
    assert reply.outcome == "unknown"


def test_only_a_running_command_is_finished_and_only_once() -> None:
    table = CommandTable(keep=120.0)
    assert not table.finish("ann", DONE, 0.0)
    claim(table)
    assert not table.finish("bob", DONE, 0.0)
    assert table.finish("ann", DONE, 0.0)
    assert not table.finish("ann", DONE, 0.0)


@pytest.mark.parametrize(("after", "outcome"), [(119.0, "replied"), (120.0, "unknown")])
def test_a_reply_is_kept_for_the_resume_window(after: float, outcome: str) -> None:
    table = CommandTable(keep=120.0)
    claim(table)
    table.finish("ann", DONE, 0.0)
    table.tick(after)
    assert claim(table, retry=True, now=after) == outcome
