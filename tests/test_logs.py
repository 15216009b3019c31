"""What is written to the log, and what is not."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from dualwire.logs import REDACTED, configure_logging


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_both_kinds_of_loggers_write_one_json_line_each() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    structlog.get_logger("dualwire").info("connection_opened", player="amy")
    logging.getLogger("uvicorn.error").warning("something %s", "odd", extra={"color_message": "x"})
    ours, theirs = lines(stream)
    assert (ours["event"], ours["player"], ours["level"]) == ("connection_opened", "amy", "info")
    assert (theirs["event"], theirs["logger"]) == ("something odd", "uvicorn.error")
    assert "color_message" not in theirs
    assert ours["timestamp"].endswith("Z")


def test_the_level_holds() -> None:
    stream = io.StringIO()
    configure_logging("warning", "json", stream)
    structlog.get_logger("dualwire").info("quiet")
    structlog.get_logger("dualwire").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_no_secret_reaches_a_line() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    structlog.get_logger("dualwire").info(
        "tried",
        token="s3cret",
        access_token="s3cret",
        api_key="s3cret",
        headers={"Authorization": "Bearer s3cret", "cookie": "a=s3cret", "host": "here"},
        tries=[{"password": "s3cret"}],
        url="/api/events?token=s3cret&x=1",
        tokens_left=3,
    )
    logging.getLogger("uvicorn.error").error("Authorization: Bearer s3cret")
    assert "s3cret" not in stream.getvalue()
    first = lines(stream)[0]
    assert first["token"] == REDACTED
    assert first["headers"]["host"] == "here"
    assert first["tokens_left"] == 3


def test_an_exception_is_one_line_without_secrets() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    try:
        raise ValueError("GET /api/ws?ticket=s3cret")
    except ValueError:
        structlog.get_logger("dualwire").exception("failed")
    (line,) = lines(stream)
    assert "ValueError" in line["exception"]
    assert "s3cret" not in line["exception"]


def test_the_console_is_for_people() -> None:
    stream = io.StringIO()
    configure_logging("info", "console", stream)
    structlog.get_logger("dualwire").info("hello", player="amy")
    assert "hello" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
