"""Why the server does not start."""

from __future__ import annotations

from ..exceptions import DualwireError

__all__ = ["AppError", "ListenError", "StartError"]


class StartError(DualwireError):
    """The server does not start."""


class ListenError(StartError):
    """Nobody can be served at this address.

    Args:
        host: the address.
        port: the port.
        cause: what the system says.
    """

    def __init__(self, host: str, port: int, cause: str) -> None:
        self.host = host
        self.port = port
        self.cause = cause
        super().__init__(host, port, cause)

    def __str__(self) -> str:
        return f"cannot listen at {self.host} port {self.port}: {self.cause}; --port takes another"


class AppError(StartError):
    """The application cannot be had, or does not start.

    Args:
        app: its import string, or what it calls itself.
        problem: what is wrong with it.
    """

    def __init__(self, app: str, problem: str) -> None:
        self.app = app
        self.problem = problem
        super().__init__(app, problem)

    def __str__(self) -> str:
        return f"cannot serve {self.app}: {self.problem}"
