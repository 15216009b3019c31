"""``dualwire doctor``: what stands between a server and its players, found from a player's side.

* :mod:`address`, :mod:`server`, :mod:`signing_in`: who is there, and may we come in
* :mod:`websocket`, :mod:`sse`: one connection of each type, with all that comes on it
* :mod:`judgement`, :mod:`places`: what was measured becomes findings; pure
* :mod:`examination`: the order of it all
* :mod:`page`, :mod:`command`: for people, for machines, and the exit code
"""

from __future__ import annotations

from .command import doctor

__all__ = ["doctor"]
