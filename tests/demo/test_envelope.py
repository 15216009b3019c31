from __future__ import annotations

from dualwire.demo.envelope import Envelope, utc


def test_what_clients_expect() -> None:
    envelope = Envelope(lambda: 1_700_000_000.9)
    assert envelope.wrap("welcome", {"message": "hello"}) == {
        "event_type": "welcome",
        "timestamp": "2023-11-14T22:13:20Z",
        "sequence_number": 1,
        "data": {"message": "hello"},
    }
    event = envelope.wrap("player_left", {}, room_id="hall", player_id="ada")
    assert (event["sequence_number"], event["room_id"], event["player_id"]) == (2, "hall", "ada")


def test_a_moment_is_utc() -> None:
    assert utc(0.0) == "1970-01-01T00:00:00Z"
