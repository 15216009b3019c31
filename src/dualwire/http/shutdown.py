"""The server around us: does it want to stop?

uvicorn ends an application's lifespan only after all responses have ended, and an event stream ends
only when somebody ends it. So the node looks for itself whether the server has been told to exit.
"""

from __future__ import annotations

import signal

from ..manager import ConnectionManager

__all__ = ["server_is_exiting", "watch_server"]


def server_is_exiting() -> bool:
    """Whether a uvicorn server in this process was told to exit.

    uvicorn's signal handlers are bound methods of the server, which has ``should_exit``.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        server = getattr(signal.getsignal(number), "__self__", None)
        if getattr(server, "should_exit", False) is True:
            return True
    return False


def watch_server(manager: ConnectionManager) -> None:
    """Let a manager end its connections once the server around it is told to exit.

    What the application has set as ``stopping`` itself is still asked.
    """
    before = manager.node.stopping
    manager.node.stopping = lambda: before() or server_is_exiting()
