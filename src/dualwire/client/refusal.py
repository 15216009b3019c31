"""What an HTTP answer that refuses means for a client."""

from __future__ import annotations

import email.utils
import time

from ..codes import CODES, PEER_GONE, RATE_LIMITED, UNAUTHORIZED, Code
from ..core.encoding.json import decode_message
from ..exceptions import ProtocolError
from ..types import JSONObject
from .ended import Ended

__all__ = ["refusal"]

_BY_NAME = {code.name: code for code in CODES.values()}


def refusal(status: int, body: bytes, retry_after: str | None) -> Ended:
    """How a connection ended that was refused with an HTTP status.

    What our server says is believed. What something between says is not: a proxy that forbids
    WebSockets is no reason to leave the game, because the twin may well pass.

    Args:
        status: HTTP status.
        body: of the answer.
        retry_after: the header, seconds or a date.
    """
    try:
        content: JSONObject = decode_message(body)
    except ProtocolError:
        content = {}
    error = content.get("error")
    said = error if isinstance(error, dict) else {}
    message = said.get("message") or content.get("detail") or f"HTTP status {status}"
    return Ended(
        code=_code(status, said),
        detail=str(message),
        retry_after=_seconds(retry_after),
    )


def _code(status: int, said: JSONObject) -> Code:
    details = said.get("details")
    number = details.get("code") if isinstance(details, dict) else None
    known = CODES.get(number) if isinstance(number, int) else None
    known = known or _BY_NAME.get(str(said.get("type")))
    if known is not None:
        return known
    if status == UNAUTHORIZED.http:
        return UNAUTHORIZED
    return RATE_LIMITED if status == RATE_LIMITED.http else PEER_GONE


def _seconds(header: str | None) -> float | None:
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        moment = email.utils.parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())
