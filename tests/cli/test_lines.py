"""Lines from an input that must not keep the loop waiting."""

from __future__ import annotations

import asyncio
import os

from dualwire.cli.lines import read_lines
from tests.live import until


async def test_lines_come_as_they_are_written() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream:
        lines = read_lines(stream)
        os.write(writing, b"one\ntw")
        assert await lines.get() == "one"
        turned = asyncio.Event()
        asyncio.get_running_loop().call_soon(turned.set)
        await until(turned.is_set)
        os.write(writing, b"o\r\nthree")
        os.close(writing)
        assert [await lines.get() for _ in range(3)] == ["two", "three", None]
