"""When a client tries again."""

from __future__ import annotations

from random import Random

import pytest

from dualwire.client.backoff import FIRST, LONGEST, delay


def test_at_once_while_the_twin_lives() -> None:
    assert delay(Random(1), 0, twin_lives=True, retry_after=None) == 0.0


@pytest.mark.parametrize(("failures", "twin_lives"), [(0, False), (1, True), (1, False)])
def test_jittered_otherwise(failures: int, twin_lives: bool) -> None:
    rng = Random(1)
    waits = [delay(rng, failures, twin_lives=twin_lives, retry_after=None) for _ in range(500)]
    assert 0 <= min(waits) < 0.1 * FIRST * 2**failures
    assert 0.9 * FIRST * 2**failures < max(waits) <= FIRST * 2**failures


def test_never_longer_than_the_longest() -> None:
    rng = Random(1)
    waits = [delay(rng, 10_000, twin_lives=False, retry_after=None) for _ in range(500)]
    assert 0.9 * LONGEST < max(waits) <= LONGEST


def test_the_servers_word_counts() -> None:
    assert delay(Random(1), 0, twin_lives=True, retry_after=7.0) == 7.0
    assert delay(Random(1), 5, twin_lives=False, retry_after=60.0) == 60.0
