"""How a command that is a client ends: with the exit code that says why."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import typer

from ..codes import SESSION_REPLACED, TOKEN_EXPIRED, UNAUTHORIZED
from ..exceptions import AuthenticationError, RefusedError
from . import exit_codes
from .failing import fail

__all__ = ["run_client"]


def run_client(work: Coroutine[Any, Any, None]) -> None:
    """Run a client to its end.

    Raises:
        Exit: it did not end by itself; what is wrong was said on standard error.
    """
    try:
        asyncio.run(work)
    except AuthenticationError as error:
        fail(exit_codes.AUTHENTICATION_REFUSED, f"the server refuses: {error}")
    except RefusedError as error:
        fail(_exit_code(error), error)
    except ConnectionError as error:
        fail(exit_codes.CANNOT_CONNECT, error)
    except KeyboardInterrupt:
        raise typer.Exit(exit_codes.OK) from None


def _exit_code(error: RefusedError) -> int:
    if error.code == SESSION_REPLACED:
        return exit_codes.SESSION_REPLACED
    if error.code in (UNAUTHORIZED, TOKEN_EXPIRED):
        return exit_codes.AUTHENTICATION_REFUSED
    return exit_codes.REFUSED
