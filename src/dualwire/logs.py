"""Logs: one line per thing that happens, JSON for machines or columns for people.

What the standard library's loggers say (uvicorn, asyncio) takes the same way, and no line carries a
secret.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from .http.redaction import redact as redact_text

__all__ = ["REDACTED", "configure_logging", "redact"]

REDACTED = "[redacted]"

_SECRET_KEY = re.compile(
    r"(^|[_-])(token|ticket|password|secret|authorization|cookie|api[_-]?key)s?$", re.IGNORECASE
)


def redact(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Take secrets out of a line: values of keys that name one, and parts of texts that show one.

    A processor for structlog; put it last before the renderer.
    """
    return {key: _redacted(key, value) for key, value in event_dict.items()}


def _redacted(key: object, value: Any) -> Any:
    if isinstance(key, str) and value is not None and _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {inner: _redacted(inner, each) for inner, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted(None, each) for each in value]
    return value


def configure_logging(
    level: str = "info",
    style: Literal["json", "console"] = "console",
    stream: TextIO | None = None,
    *,
    for_good: bool = False,
) -> None:
    """Send everything that is logged in this process to one stream.

    Args:
        level: the least level that is written.
        style: ``json`` or ``console``.
        stream: where to; ``None`` for standard error.
        for_good: nobody will configure it anew, so loggers may be made once (a line that is not
            written then costs next to nothing).
    """
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=for_good,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _drop_colour,
                *_rendering(style, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
    # Its start and stop are told by our own lines; what it warns of is not.
    logging.getLogger("uvicorn.error").setLevel(max(threshold, logging.WARNING))
    # One line per request of a client library is noise below debugging.
    logging.getLogger("httpx").setLevel(max(threshold, logging.WARNING))


def _rendering(style: str, stream: TextIO) -> list[structlog.typing.Processor]:
    if style == "json":
        return [
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(default=str),
        ]
    colours = stream.isatty()
    return [
        structlog.processors.format_exc_info,
        redact,
        structlog.dev.ConsoleRenderer(colors=colours),
    ]


def _drop_colour(_logger: WrappedLogger, _method: str, event_dict: EventDict) -> EventDict:
    """Uvicorn passes each message a second time, for terminals."""
    event_dict.pop("color_message", None)
    return event_dict
