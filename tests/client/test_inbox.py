"""Events that wait for the application."""

from __future__ import annotations

import asyncio

from dualwire.client.inbox import Inbox
from dualwire.testing.clock import settle


async def test_in_order_to_the_end() -> None:
    inbox = Inbox(10)
    for number in range(3):
        await inbox.put({"n": number})
    inbox.close()
    assert [await inbox.get() for _ in range(4)] == [{"n": 0}, {"n": 1}, {"n": 2}, None]


async def test_a_full_one_makes_its_writers_wait() -> None:
    inbox = Inbox(2)
    writers = [asyncio.create_task(inbox.put({"n": number})) for number in range(4)]
    await settle()
    assert [writer.done() for writer in writers] == [True, True, False, False]
    assert await inbox.get() == {"n": 0}
    await settle()
    assert sum(writer.done() for writer in writers) == 3
    inbox.close()
    await asyncio.gather(*writers)


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    inbox = Inbox(2)
    reader = asyncio.create_task(inbox.get())
    await settle()
    await inbox.put({"n": 1})
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert await inbox.get() == {"n": 1}


async def test_a_waiting_reader_learns_of_the_end() -> None:
    inbox = Inbox(2)
    reader = asyncio.create_task(inbox.get())
    await settle()
    inbox.close()
    assert await reader is None
