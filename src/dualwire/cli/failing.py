"""How a command fails: one clear line on standard error, and the exit code."""

from __future__ import annotations

from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

__all__ = ["fail"]


def fail(exit_code: int, problem: object) -> NoReturn:
    """End the command.

    Args:
        exit_code: one of :mod:`dualwire.cli.exit_codes`.
        problem: what is wrong, and what to do about it; made one line.
    """
    line = " ".join(str(problem).split())
    Console(stderr=True, soft_wrap=True).print(Text.assemble(("error: ", "bold red"), line))
    raise typer.Exit(exit_code)
