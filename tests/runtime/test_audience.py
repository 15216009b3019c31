"""Audiences: few connections or many, told apart by what they are written in."""

from __future__ import annotations

from typing import Any, cast

import pytest

from dualwire.core.encoding import Encoding
from dualwire.core.encoding.plain import PlainEventStream, PlainText
from dualwire.runtime.audience import FEW, Audience
from dualwire.runtime.connection import Connection
from dualwire.types import Position

ENCODINGS = (PlainText(), PlainEventStream("node"))


class Listener:
    """As much of a connection as an audience looks at."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.owing = None


def listeners(count: int) -> list[Connection]:
    return [cast("Connection", Listener(ENCODINGS[n % 2])) for n in range(count)]


def groups(audience: Audience) -> dict[Any, list[Connection]]:
    return {encoding: list(each) for encoding, each in audience.live.items()}


@pytest.mark.parametrize("count", [0, 1, 2, FEW, FEW + 1, 3 * FEW])
def test_connections_are_grouped_by_encoding_in_the_order_in_which_they_came(count: int) -> None:
    audience, joined = Audience(Position("e", 1)), listeners(count)
    for each in joined:
        audience.add(each)
        audience.add(each)
    expected = {ENCODINGS[0]: joined[::2], ENCODINGS[1]: joined[1::2]}
    assert groups(audience) == {key: each for key, each in expected.items() if each}


@pytest.mark.parametrize("count", [1, 2, FEW, FEW + 1, 3 * FEW])
def test_whoever_leaves_is_not_there(count: int) -> None:
    audience, joined = Audience(Position("e", 1)), listeners(count)
    for each in joined:
        audience.add(each)
    audience.remove(listeners(1)[0])
    for n, each in enumerate(joined):
        audience.remove(each)
        audience.remove(each)
        left = [one for group in audience.live.values() for one in group]
        assert sorted(map(id, left)) == sorted(map(id, joined[n + 1 :]))
    assert groups(audience) == {}
