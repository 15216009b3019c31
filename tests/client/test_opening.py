"""The cursor on its way to the server."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from dualwire.client.opening import WEBSOCKET_URL, fits_url, fitting, to_text
from dualwire.types import Cursor, Position

EPOCH = "01a206db866e754abbd5"


def cursor(rooms: int) -> Cursor:
    named = {f"room:{number}": Position(EPOCH, number) for number in range(rooms)}
    return {**named, "player:amy": Position(EPOCH, 3), "global": Position(EPOCH, 0)}


def test_as_the_protocol_has_it() -> None:
    assert json.loads(to_text({"global": Position(EPOCH, 0)})) == {"global": [EPOCH, 1]}


def test_what_fits_a_url() -> None:
    assert fits_url(cursor(10))
    assert not fits_url(cursor(100))


def test_a_small_one_goes_whole() -> None:
    assert fitting(cursor(10)) == cursor(10)
    assert fitting({}) == {}


@pytest.mark.parametrize("rooms", [110, 150, 1000])
def test_of_a_large_one_what_matters_most(rooms: int) -> None:
    taken = fitting(cursor(rooms))
    assert WEBSOCKET_URL * 0.9 < len(quote(to_text(taken), safe="")) <= WEBSOCKET_URL
    assert {"player:amy", "global"} < set(taken)
    assert taken.items() <= cursor(rooms).items()
