"""Names of keys: one slot for what belongs together, one name for one thing."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from dualwire.engines.redis.keys import INDEX_PARTS, Keys, part_of
from dualwire.exceptions import ConfigurationError
from dualwire.types import player_stream

KEYS = Keys("game")
ids = st.text(st.sampled_from("ab{}%:"), max_size=6)


def slot(key: str) -> int:
    return int(key_slot(key.encode()))


@given(player_id=ids, other=ids)
def test_what_one_script_touches_is_in_one_slot(player_id: str, other: str) -> None:
    stream = player_stream(player_id)
    names = [*KEYS.player(player_id), *KEYS.stream(stream), KEYS.publish_id(stream, other)]
    names.append(KEYS.command(player_id, other))
    assert len({slot(name) for name in names}) == 1
    assert len({slot(name) for name in KEYS.index(3)}) == 1
    assert len({slot(name) for name in KEYS.nodes()}) == 1


@given(first=st.tuples(ids, ids), second=st.tuples(ids, ids))
def test_no_two_things_share_a_key(first: tuple[str, str], second: tuple[str, str]) -> None:
    for name in (KEYS.publish_id, KEYS.command):
        assert (name(*first) == name(*second)) == (first == second)


def test_kinds_do_not_meet() -> None:
    names = [set(KEYS.player(f"{x}")) for x in ("a", "a}:meta", "a%7D:meta", "{a}")]
    for one, other in combinations(names, 2):
        assert not one & other


@given(name=ids)
def test_a_channel_tells_its_stream(name: str) -> None:
    for keys in (KEYS, Keys()):
        assert keys.stream_of(keys.channel(f"room:{name}")) == f"room:{name}"


def test_a_namespace_is_apart_and_the_schema_is_told() -> None:
    assert KEYS.channel("global").startswith("dw1:game:")
    assert Keys().channel("global").startswith("dw1:told:")
    with pytest.raises(ConfigurationError, match="namespace"):
        Keys("a{b}")


def test_players_are_spread_over_the_index() -> None:
    parts = [part_of(f"player-{number}") for number in range(2000)]
    assert set(parts) == set(range(INDEX_PARTS))
    assert max(map(parts.count, set(parts))) < 200
    assert part_of("eva") == 7, "part of the schema: another release must find the same"
