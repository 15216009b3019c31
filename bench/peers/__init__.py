"""Servers beside which we are measured, each set up by itself when it is first needed."""

from __future__ import annotations

from ..children import ChildError
from . import bun, centrifugo, nchan, ours, python_socketio, socketio, starlette
from .served import Peer, Served

__all__ = ["OURS", "PEERS", "Peer", "Served", "chosen"]

OURS = Peer(name="dualwire", started=ours.started, sse=True)

PEERS = {
    peer.name: peer
    for peer in (
        Peer(name="bun", started=bun.started),
        Peer(name="nchan", started=nchan.started, sse=True),
        Peer(name="socketio", started=socketio.started),
        # Where there is a Go toolchain.
        Peer(name="centrifugo", started=centrifugo.started, required=False),
        Peer(name="starlette", started=starlette.started, required=False),
        Peer(name="python-socketio", started=python_socketio.started, required=False),
    )
}


def chosen(names: str | None) -> list[Peer]:
    """Peers by their names, with commas between; ``None`` for all.

    Raises:
        ChildError: there is no such peer.
    """
    if names is None:
        return list(PEERS.values())
    asked = [each.strip() for each in names.split(",") if each.strip()]
    for each in asked:
        if each not in PEERS:
            raise ChildError(f"{each}: there is no such peer; there are {', '.join(PEERS)}")
    return [PEERS[each] for each in asked]
