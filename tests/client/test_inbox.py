"""Events that wait for the application."""

from __future__ import annotations

import asyncio

from dualwire.client.inbox import Inbox
from dualwire.testing.clock import settle
from dualwire.types import JSONObject


async def test_in_order_to_the_end() -> None:
    inbox = Inbox[JSONObject](10)
    for number in range(3):
        inbox.put([{"n": number}])
    inbox.close()
    assert [await inbox.get() for _ in range(4)] == [{"n": 0}, {"n": 1}, {"n": 2}, None]


async def test_a_full_one_makes_its_writers_wait() -> None:
    inbox = Inbox[JSONObject](2)
    inbox.put([{"n": 0}])
    await inbox.wait_room()
    inbox.put([{"n": 1}, {"n": 2}])
    assert list(inbox.waiting) == [{"n": 0}, {"n": 1}, {"n": 2}]
    writer = asyncio.create_task(inbox.wait_room())
    assert await inbox.get() == {"n": 0}
    await settle()
    assert not writer.done()
    assert await inbox.get() == {"n": 1}
    await settle()
    assert writer.done()


async def test_the_end_lets_writers_go() -> None:
    inbox = Inbox[JSONObject](1)
    inbox.put([{"n": 0}])
    writer = asyncio.create_task(inbox.wait_room())
    await settle()
    inbox.close()
    await writer


async def test_a_reader_that_is_cancelled_loses_nothing() -> None:
    inbox = Inbox[JSONObject](2)
    reader = asyncio.create_task(inbox.get())
    await settle()
    inbox.put([{"n": 1}])
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert await inbox.get() == {"n": 1}


async def test_a_waiting_reader_learns_of_the_end() -> None:
    inbox = Inbox[JSONObject](2)
    reader = asyncio.create_task(inbox.get())
    await settle()
    inbox.close()
    assert await reader is None
