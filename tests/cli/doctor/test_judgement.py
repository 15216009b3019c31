"""What measurements mean."""

from __future__ import annotations

import pytest

from dualwire.cli.doctor.judgement import (
    Delays,
    Silence,
    judge_buffering,
    judge_clock,
    judge_compression,
    judge_headers,
    judge_http_version,
    judge_round_trips,
    judge_silence,
)
from dualwire.cli.doctor.places import place_of
from dualwire.transports.sse import HEADERS

NGINX = place_of({"server": "nginx/1.22.1"})


def delays(*arrived: float, missing: int = 0, flushed_after: int | None = None) -> Delays:
    return Delays(arrived=arrived, missing=missing, waited=2.0, flushed_after=flushed_after)


def silence(quiet: float, ended: str | None = None, *, longest: float = 0.0) -> Silence:
    return Silence(watched=60.0, longest=longest, quiet=quiet, interval=25.0, ended=ended)


@pytest.mark.parametrize(
    ("measured", "verdict", "seen"),
    [
        (delays(-0.01, 0.0, 0.02), "ok", "3 of 3 events came at once, none more than 20 ms late"),
        (delays(-0.01, 0.0, 0.0), "ok", "3 of 3 events came at once"),
        (delays(0.0, 0.0, 1.5), "warning", "one of 3 events was 1.5 s late"),
        (delays(1.0, 1.1, 0.9), "problem", "1.0 s late on the event stream"),
        (delays(missing=2), "problem", "2 of 2 events did not come within 2 s"),
        (delays(missing=2, flushed_after=4096), "problem", "once about 4.0 KB had been written"),
    ],
)
def test_buffering(measured: Delays, verdict: str, seen: str) -> None:
    found = judge_buffering(measured, NGINX)
    assert found.verdict == verdict
    assert seen in found.seen
    assert ("proxy_buffering off;" in found.advice) is (verdict != "ok")


def test_headers_as_they_were_sent() -> None:
    assert judge_headers(HEADERS, None).verdict == "ok"
    passed = {name: text for name, text in HEADERS.items() if name != "x-accel-buffering"}
    assert "was for nginx" in judge_headers(passed, NGINX).seen
    assert "taken out on the way" in judge_headers(passed, None).seen


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        ({"cache-control": "max-age=60"}, "Cache-Control is 'max-age=60'"),
        ({"cache-control": "no-cache"}, "Cache-Control is 'no-cache'"),
        ({"cache-control": ""}, "Cache-Control is missing"),
        ({"content-length": "12"}, "Content-Length is there"),
        ({"age": "4"}, "comes from a cache"),
        ({"x-cache": "HIT from edge"}, "comes from a cache"),
    ],
)
def test_headers_that_were_changed(change: dict[str, str], seen: str) -> None:
    found = judge_headers(HEADERS | change, NGINX)
    assert found.verdict == "warning"
    assert seen in found.seen


def test_compression() -> None:
    assert judge_compression({}, None).verdict == "ok"
    found = judge_compression({"content-encoding": "gzip"}, NGINX)
    assert (found.verdict, "gzip off;" in found.advice) == ("warning", True)


def test_http_version() -> None:
    assert judge_http_version("HTTP/2", secure=True).verdict == "ok"
    assert judge_http_version("HTTP/1.1", secure=True).verdict == "warning"
    assert judge_http_version("HTTP/1.1", secure=False).verdict == "ok"


def test_round_trips() -> None:
    near = judge_round_trips({"websocket": [0.004], "sse": [0.05, 0.06, 5.0]})
    assert (near.verdict, near.seen) == ("ok", "WebSocket 4.0 ms, HTTP and event stream 60 ms")
    assert judge_round_trips({"websocket": [0.4], "sse": []}).verdict == "warning"


@pytest.mark.parametrize(
    ("ahead", "uncertain", "verdict", "seen"),
    [
        (0.4, 0.1, "ok", "both agree within a second"),
        (-4.0, 0.1, "ok", "4.0 s behind"),
        (20.0, 0.1, "warning", "20.0 s ahead; tokens that are issued elsewhere expire too early"),
        (-90.0, 0.1, "problem", "90.0 s behind; tokens that are issued elsewhere expire too late"),
        # A slow answer is no proof of a wrong clock.
        (6.0, 3.0, "ok", "6.0 s ahead"),
    ],
)
def test_clock(ahead: float, uncertain: float, verdict: str, seen: str) -> None:
    found = judge_clock(ahead, uncertain)
    assert found.verdict == verdict
    assert seen in found.seen


@pytest.mark.parametrize(
    ("what", "verdict", "seen"),
    [
        (silence(3.0, longest=25.1), "ok", "open after 60 s, 25.1 s of them silent"),
        (silence(10.0, "it broke"), "problem", "cut after 10.0 s of silence (it broke)"),
        (silence(40.0), "problem", "nothing came for 40.0 s, and no end either"),
    ],
)
def test_silence(what: Silence, verdict: str, seen: str) -> None:
    found = judge_silence("sse", what, NGINX)
    assert (found.check, found.verdict) == ("idle_event_stream", verdict)
    assert seen in found.seen


def test_a_cut_names_both_remedies() -> None:
    found = judge_silence("websocket", silence(10.0, "it broke"), NGINX)
    assert found.check == "idle_websocket"
    assert "proxy_read_timeout 75s;" in found.advice
    assert "DUALWIRE_HEARTBEAT__INTERVAL=6" in found.advice


def test_a_goodbye_is_no_proxys() -> None:
    said = Silence(
        watched=5, longest=0, quiet=5, interval=25, ended="4400 logged_out", by_server=True
    )
    assert judge_silence("sse", said, NGINX).verdict == "warning"
