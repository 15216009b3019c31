"""A line being typed, on a terminal where other lines appear meanwhile."""

from __future__ import annotations

import contextlib
import re
import shutil
import sys
import threading
from collections.abc import Callable, Collection, Iterator

from rich.cells import cell_len

try:
    import readline
    import termios
except ImportError:  # Not a Unix terminal: the line cannot be shown again, only taken.
    readline = termios = None  # type: ignore[assignment]

__all__ = ["Prompt"]

DRAWN_WITHIN = 0.1
"""Seconds to wait at most until a prompt that is being drawn is there."""

_STYLE = re.compile(r"(\x1b\[[0-9;]*m)")


class Prompt:
    """Asks for lines, and gives way to what is printed without losing what is being typed.

    Args:
        text: gives what stands before the line, styled for the terminal; always as wide.
        last: lines after which there is nothing more to ask for.
    """

    def __init__(self, text: Callable[[], str], last: Collection[str] = ()) -> None:
        self._text = text
        self._last = last
        self._asking = self._drawing = False
        self._terminal = threading.Lock()
        """Held by whoever draws: the prompt, or what is printed."""
        if readline is not None:
            readline.set_pre_input_hook(self._drawn)
            # Its switching on and off would be left on if the program ends while a line is typed.
            readline.parse_and_bind("set enable-bracketed-paste off")

    def lines(self) -> Iterator[str]:
        """What is typed, to the end; to be read in a thread of its own."""
        while True:
            self._drawing = self._terminal.acquire(timeout=DRAWN_WITHIN)
            text = self._for_readline()
            if readline is None:
                self._drawn()
            try:
                line = input(text)
            except EOFError:
                sys.stdout.write("\n")  # As Enter does for every other line.
                return
            finally:
                self._drawn()
                self._asking = False
            yield line
            if line.strip() in self._last:
                return

    @contextlib.contextmanager
    def out_of_the_way(self) -> Iterator[None]:
        """Print within this; the line that is being typed is shown again below."""
        held = self._terminal.acquire(timeout=DRAWN_WITHIN)
        try:
            sys.stdout.write(self._hide())
            yield
            sys.stdout.write(self._show())
            sys.stdout.flush()
        finally:
            if held:
                self._terminal.release()

    def _drawn(self) -> None:
        """The prompt is there, and from now on what is typed."""
        self._asking = True
        if self._drawing:
            self._drawing = False
            self._terminal.release()

    def _hide(self) -> str:
        """What removes the line from the terminal."""
        if not self._asking:
            return ""
        above = self._width() // max(shutil.get_terminal_size().columns, 1)
        return "\r" + (f"\x1b[{above}A" if above else "") + "\x1b[J"

    def _show(self) -> str:
        """What puts it there again."""
        return self._text() + self._typed() if self._asking else ""

    @contextlib.contextmanager
    def terminal_kept(self) -> Iterator[None]:
        """Leave the terminal as it was found, though a line is being typed."""
        before = None if termios is None else termios.tcgetattr(sys.stdin)
        try:
            yield
        finally:
            sys.stdout.write(self._hide())
            sys.stdout.flush()
            if before is not None:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)

    def _for_readline(self) -> str:
        """The text, with what has no width marked as readline wants it."""
        return self._text() if readline is None else _STYLE.sub("\x01\\1\x02", self._text())

    def _typed(self) -> str:
        return "" if readline is None else readline.get_line_buffer()

    def _width(self) -> int:
        return cell_len(_STYLE.sub("", self._text()) + self._typed())
