"""Writing ``text/event-stream`` (WHATWG HTML, section 9.2)."""

from __future__ import annotations

__all__ = ["message"]


def message(
    data: bytes,
    *,
    event: bytes | None = None,
    retry: int | None = None,
    comment: bytes | None = None,
) -> bytes:
    """One message of an event stream.

    Args:
        data: text without line breaks; without any, nothing is dispatched in the browser.
        event: name of the event; ``None`` for ``message``.
        retry: milliseconds that the browser waits before it reconnects.
        comment: ignored by every reader.
    """
    lines = []
    if comment is not None:
        lines.append(b": " + comment)
    if retry is not None:
        lines.append(b"retry: %d" % retry)
    if event is not None:
        lines.append(b"event: " + event)
    if data:
        lines.append(b"data: " + data)
    return b"\n".join(lines) + b"\n\n"
