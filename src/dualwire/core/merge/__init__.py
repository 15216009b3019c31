"""The receiver: many connections in, each event once and in order out.

The rules are those of ``spec/protocol.md``, section 5. Pure: frames and time come in, items go out.
"""

from __future__ import annotations

from .items import Delivered, Entered, Gap, Item, Left, Replied, Statistics
from .receiver import Merge

__all__ = ["Delivered", "Entered", "Gap", "Item", "Left", "Merge", "Replied", "Statistics"]
