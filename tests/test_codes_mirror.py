"""The table of codes in TypeScript is the one in Python, without what only a server needs."""

from __future__ import annotations

import json
import re
from pathlib import Path

from dualwire.codes import CODES

MIRROR = Path(__file__).parent.parent / "clients/js/packages/core/src/codes.ts"


def mirrored() -> list[list[object]]:
    found = re.search(r"\bconst table\b[^=]*= (\[.*?\n\]);", MIRROR.read_text(), re.DOTALL)
    assert found, f"{MIRROR}: no table"
    # JSON knows no comma before the end of a list.
    table = json.loads(re.sub(r",(\s*\])", r"\1", found[1]))
    assert isinstance(table, list)
    return table


def test_the_mirror_is_equal() -> None:
    codes = CODES.values()
    # Only what is final has its reason there: of the rest, the server's goodbye tells it.
    rows = [[code.number, code.name, *([] if code.reconnect else [code.reason])] for code in codes]

    assert mirrored() == rows
