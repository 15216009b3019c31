"""Request bodies: bounded in size and in time, and JSON objects or refused."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from ..codes import PEER_GONE, STALE
from ..config import Limits
from ..core.encoding.json import decode_message
from ..exceptions import MessageTooBigError, ProtocolError, RefusedError
from ..types import JSONObject

__all__ = ["read_body", "read_object", "text_field"]


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read a body, whatever its encoding of lengths.

    Raises:
        MessageTooBigError: it is larger than the limit; the rest is not read.
        RefusedError: it did not arrive in time.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.message:
        raise _too_big(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.handshake):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.message:
                    raise _too_big(limits)
    except TimeoutError:
        raise RefusedError(
            f"the body did not arrive within {limits.handshake:g} s", STALE
        ) from None
    except ClientDisconnect:
        raise RefusedError("the peer left before its body was here", PEER_GONE) from None
    return bytes(body)


async def read_object(request: Request, limits: Limits) -> JSONObject:
    """Read a body that is a JSON object; none at all is an empty one.

    Raises:
        ProtocolError: it is something else.
        MessageTooBigError: it is larger than the limit.
    """
    body = await read_body(request, limits)
    return decode_message(body) if body.strip() else {}


def text_field(body: JSONObject, name: str) -> str | None:
    """A field of a body that is text, or not there.

    Raises:
        ProtocolError: it is something else.
    """
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value
    raise ProtocolError(f"{name}: expected text, got {type(value).__name__}")


def _too_big(limits: Limits) -> MessageTooBigError:
    return MessageTooBigError(f"a body has at most {limits.message} bytes; send less at a time")
