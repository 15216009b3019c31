"""What an operator does from a terminal, over the endpoints that ask for the operator's key."""

from __future__ import annotations

from .disconnect import disconnect
from .publish import publish
from .revoke import revoke
from .stats import stats

__all__ = ["disconnect", "publish", "revoke", "stats"]
