"""A TCP proxy that spoils connections on purpose: put it between a client and a server.

::

    async with FaultProxy("127.0.0.1", 8000) as proxy:
        ...  # connect the client to proxy.port
        proxy.websocket.reset()
        proxy.sse.swallow()
        proxy.all.heal()

It works on bytes: TLS passes through it, but a connection that it cannot read is ``other``.
"""

from .connection import ProxiedConnection
from .fault_proxy import FaultProxy, Rules, Statistics, Target
from .faults import Direction, Fault, Faultable, FaultName
from .script import Script, Step, TargetName, random_faults
from .sniffer import RequestKind

__all__ = [
    "Direction",
    "Fault",
    "FaultName",
    "FaultProxy",
    "Faultable",
    "ProxiedConnection",
    "RequestKind",
    "Rules",
    "Script",
    "Statistics",
    "Step",
    "Target",
    "TargetName",
    "random_faults",
]
