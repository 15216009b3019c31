"""``dualwire bench``: a modest load on a server of one's own."""

from __future__ import annotations

from .command import bench

__all__ = ["bench"]
