from __future__ import annotations

import re

from dualwire.demo.guest_names import guest_name


def test_names_differ_and_look_like_names() -> None:
    taken: set[str] = set()
    for _ in range(2000):
        name = guest_name(taken)
        assert re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+ \d+", name)
        taken.add(name)
    assert len(taken) == 2000


def test_a_name_is_found_when_all_short_ones_are_taken() -> None:
    class ShortOnes:
        def __contains__(self, name: object) -> bool:
            return len(str(name).rpartition(" ")[2]) == 2

    assert len(guest_name(ShortOnes()).rpartition(" ")[2]) > 2
