"""Lines from standard input, without keeping the event loop waiting."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterable

__all__ = ["read_lines"]


def read_lines(source: Iterable[str] | None = None) -> asyncio.Queue[str | None]:
    """Read lines as they come; ``None`` is the end of the input.

    A thread of its own reads, because a file, a pipe and a terminal each want to be waited for
    differently and blocking reading suits them all. It ends with the process.

    Args:
        source: gives lines, and may block; ``None`` for standard input.
    """
    source = sys.stdin if source is None else source
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()

    def hand_over(line: str | None) -> bool:
        try:
            loop.call_soon_threadsafe(lines.put_nowait, line)
        except RuntimeError:  # The loop is closed: nobody wants lines any more.
            return False
        return True

    def read() -> None:
        for line in source:
            if not hand_over(line.rstrip("\r\n")):
                return
        hand_over(None)

    threading.Thread(target=read, name="lines", daemon=True).start()
    return lines
