"""The ports: what the runtime needs from the world, as contracts.

Each contract says who calls, when, what is atomic, what is ordered and what may fail. Each has a
conformance suite in :mod:`dualwire.testing` that every implementation passes: ``check_engine``,
``check_transport``, ``check_authenticator``, ``check_clock``.
"""

from .authenticator import Authenticator
from .clock import Clock
from .engine import Engine, History, Published, Renewed, Sink, Ticket, ignore_renewal
from .transport import Transport, TransportListener

__all__ = [
    "Authenticator",
    "Clock",
    "Engine",
    "History",
    "Published",
    "Renewed",
    "Sink",
    "Ticket",
    "Transport",
    "TransportListener",
    "ignore_renewal",
]
