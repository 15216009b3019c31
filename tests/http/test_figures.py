from __future__ import annotations

import pytest

from dualwire.http.figures import Figures, share
from tests.http.site import Site
from tests.live import sse, ws


async def test_only_what_carries_is_counted(site: Site) -> None:
    await site.manager.connect_sse("bob")
    async with ws(site.address, token=site.token()), sse(site.address, token=site.token()):
        await site.open("ann", websocket=1, sse=1)
        figures = Figures(site.manager)
        assert figures.players == 1
        assert (figures.count("websocket"), figures.count("sse")) == (1, 1)
        assert (figures.players_with("websocket", "sse"), figures.players_with("sse")) == (1, 0)
        assert (figures.healthy(), figures.healthy("sse")) == (2, 1)
        site.clock.shift(3601.0)
        later = Figures(site.manager)
        assert later.older_than(3600.0) == later.silent == 2


async def test_a_player_in_grace_still_has_a_session(site: Site) -> None:
    async with ws(site.address, token=site.token()):
        await site.open("ann", websocket=1)
    await site.open("ann")
    figures = Figures(site.manager)
    assert figures.total == 0
    assert figures.sessions == 1


@pytest.mark.parametrize(("part", "whole", "percent"), [(1, 3, 33.33), (0, 5, 0.0), (0, 0, None)])
def test_share(part: int, whole: int, percent: float | None) -> None:
    assert share(part, whole) == percent
