"""Secrets that travel in URLs never reach a log.

Access logs of ASGI servers write the whole address of a request, and their debug logs its headers.
The filter takes the values out before any handler sees them.
"""

from __future__ import annotations

import logging
import re
from typing import Any
from urllib.parse import unquote_plus

__all__ = ["RedactionFilter", "install_redaction", "redact"]

LOGGERS = (
    "uvicorn.access",
    "uvicorn.error",
    "uvicorn.asgi",
    "hypercorn.access",
    "hypercorn.error",
    "granian.access",
    "_granian",
    "websockets.server",
)
"""Loggers that may write the address or the headers of a request."""

SECRETS = frozenset(
    (
        "token",
        "ticket",
        "session_id",
        "last_event_id",
        "cursor",
        "access_token",
        "refresh_token",
        "api_key",
        "password",
        "secret",
    )
)
"""Names of query parameters whose values are taken out."""

# A quote begins a query string too, where a trace log shows it by itself.
_PARAMETER = re.compile(r"""([?&;"'])([^=&;?\s"']+)=([^&;#\s"']*)""")
_BEARER = re.compile(r"(?i)\b(bearer[ .])[A-Za-z0-9._~+/=-]+")
_COOKIE = re.compile(r"""\b(dualwire_token=)[^;,\s"']+""")
_GONE = "[redacted]"


def redact(text: str) -> str:
    """A text without the secrets in it: query parameters, bearer tokens, our cookie."""
    if "=" in text:
        text = _PARAMETER.sub(_parameter, text)
        text = _COOKIE.sub(rf"\1{_GONE}", text)
    return _BEARER.sub(rf"\1{_GONE}", text)


def _parameter(found: re.Match[str]) -> str:
    # Servers decode names before they look them up, so an escaped name is the same name.
    if unquote_plus(found[2]).lower() in SECRETS:
        return f"{found[1]}{found[2]}={_GONE}"
    return found[0]


class RedactionFilter(logging.Filter):
    """Takes secrets out of log records; it never drops a record."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = redact(record.msg)
        if isinstance(record.args, tuple):
            # uvicorn's formatter takes these arguments apart, so each stays where it is.
            record.args = tuple(_redacted(each) for each in record.args)
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            return True  # A record that cannot be formatted is logging's to report.
        clean = redact(message)
        if clean != message:
            # Without arguments, logging does not format the message once more.
            record.msg, record.args = clean, None
        return True


def _redacted(value: Any) -> Any:
    return redact(value) if isinstance(value, str) else value


_filter = RedactionFilter()


def install_redaction(*names: str) -> None:
    """Take secrets out of what the servers' loggers write. Idempotent.

    Args:
        names: loggers beside those of uvicorn, hypercorn and granian.
    """
    for name in (*LOGGERS, *names):
        logging.getLogger(name).addFilter(_filter)
