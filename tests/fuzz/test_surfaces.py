"""Everything that a client can say, said wrongly: no 500, no exception, no harm to a bystander.

A fixed seed, so that a run shows the same as the one before; ``make fuzz`` goes on for longer.
"""

from __future__ import annotations

import pytest

from .surfaces import SURFACES, round_of
from .world import attacked

ROUNDS = {"messages": 4, "openings": 4, "application": 15, "frames": 40}
"""Of each surface; 60 of those that are not named."""


@pytest.mark.parametrize("name", SURFACES)
async def test_a_surface_holds(name: str) -> None:
    async with attacked(seed="7") as world:
        done = 0
        while done < ROUNDS.get(name, 60):
            done += await round_of(world, name, done)
            await world.say()
        await world.calm_down()
        assert world.inputs[name] >= 60
        assert world.findings == []
