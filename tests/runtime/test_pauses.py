from __future__ import annotations

import gc

from dualwire.runtime.pauses import Pauses
from dualwire.runtime.stats import Stats


async def test_a_collection_is_timed_while_it_is_watched() -> None:
    stats, before = Stats(), len(gc.callbacks)
    pauses = Pauses(stats)
    gc.collect()
    assert stats.collection["2"].count == 0
    pauses.watch()
    gc.collect()
    assert stats.collection["2"].count == 1
    assert stats.collection["2"].longest > 0
    pauses.leave()
    pauses.leave()
    gc.collect()
    assert stats.collection["2"].count == 1
    assert len(gc.callbacks) == before


async def test_a_node_that_nobody_stopped_leaves_nothing_behind() -> None:
    before = len(gc.callbacks)
    pauses = Pauses(Stats())
    pauses.watch()
    del pauses
    gc.collect()
    assert len(gc.callbacks) == before
