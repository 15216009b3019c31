from __future__ import annotations

from dualwire.core.revocation import RevocationTable, player_key, token_key
from dualwire.types import Identity


def ann(token_id: str | None = "one", issued_at: float | None = 100.0) -> Identity:
    return Identity(player_id="ann", token_id=token_id, issued_at=issued_at)


def test_a_token_is_revoked_whoever_has_it() -> None:
    table = RevocationTable()
    assert not table.covers(ann())
    assert table.add(token_key("one"), at=200.0, until=300.0)
    assert table.covers(ann())
    assert table.covers(Identity(player_id="bob", token_id="one"))
    assert not table.covers(ann("two"))
    assert not table.covers(ann(None))


def test_a_players_tokens_up_to_the_moment() -> None:
    table = RevocationTable()
    table.add(player_key("ann"), at=200.0, until=300.0)
    assert table.covers(ann(issued_at=199.0))
    assert table.covers(ann(issued_at=200.0))
    assert not table.covers(ann(issued_at=200.5))
    assert table.covers(ann(issued_at=None)), "it may be an old one"
    assert not table.covers(Identity(player_id="bob", issued_at=1.0))
    assert not table.covers(Identity(player_id="token:ann", token_id="player:ann"))


def test_a_name_of_a_player_is_none_of_a_token() -> None:
    table = RevocationTable()
    table.add(token_key("ann"), at=1.0, until=9.0)
    table.add(player_key("one"), at=1e9, until=9.0)
    assert not table.covers(ann())


def test_it_is_forgotten_when_the_token_has_expired_anyway() -> None:
    table = RevocationTable()
    table.add(token_key("one"), at=0.0, until=100.0)
    table.add(token_key("two"), at=0.0, until=50.0)
    table.tick(99.9)
    assert table.covers(ann())
    assert not table.covers(ann("two"))
    table.tick(100.0)
    assert len(table) == 0


def test_the_later_moment_and_the_later_end_count() -> None:
    table = RevocationTable()
    table.add(player_key("ann"), at=200.0, until=300.0)
    table.add(player_key("ann"), at=150.0, until=400.0)
    assert table.covers(ann(issued_at=180.0))
    table.tick(399.0)
    assert table.covers(ann(issued_at=180.0))
    table.add(player_key("ann"), at=250.0, until=10.0)
    assert table.covers(ann(issued_at=240.0))
    table.tick(400.0)
    assert len(table) == 0


def test_only_news_is_a_change() -> None:
    table = RevocationTable()
    assert table.add("token:one", at=1.0, until=2.0)
    assert not table.add("token:one", at=1.0, until=2.0)
    assert table.changes == 1
    assert table.add("token:one", at=1.5, until=2.0)
    assert table.changes == 2
