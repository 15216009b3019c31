"""What a player in a terminal sees."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.text import Text

from ..client import Client, ClientConnection, Gap
from ..exceptions import DualwireError
from ..types import ConnectionType
from .prompt import Prompt
from .story import Story

__all__ = ["QUITS", "Screen", "gap_text"]

_WHERE = {"player": "meant for you", "room": "of a room", "global": "meant for everybody"}
_WHY = {"trimmed": "the server keeps no more of it"}

QUITS = ("/quit", "/exit")
"""What a player types to leave."""

_SHORT: dict[ConnectionType, str] = {"websocket": "ws", "sse": "sse"}


class Screen:
    """Shows the story and the connections.

    Args:
        client: not entered yet.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._console = Console(highlight=False)
        self._story = Story()
        self._up: dict[ConnectionType, bool] = {}
        typed = self._console.is_terminal and sys.stdin.isatty()
        self.typing = Prompt(self._prompt, last=QUITS) if typed else None
        """Where lines are typed; ``None`` if there is no terminal."""

    def connection_changed(self, connection: ClientConnection) -> None:
        """Show which connections are up, when that changed."""
        before, self._up = (
            self._up,
            {kind: each.state == "open" for kind, each in self._client.connections.items()},
        )
        if self._up != before and (before or any(self._up.values())):
            self._print(self._status())

    async def read_story(self) -> None:
        """Print what happens, to the end."""
        told = ""
        async for item in self._client:
            if not isinstance(item, Gap):
                told = ""
                self._tell(self._story.tell(item.event))
            elif (text := gap_text(item)) != told:
                # One restart is a gap in every stream.
                told = text
                self.warn(text)

    async def give(self, line: str) -> None:
        """Give a command and print what comes of it."""
        try:
            reply = await self._client.command({"command": line})
        except DualwireError as error:
            self.warn(f"Not sent: {error}")
            return
        if reply.outcome == "done":
            self._tell(self._story.tell(reply.body or {}))
        elif reply.outcome == "refused":
            self.warn(f"Refused: {reply.reason}")
        else:
            self.warn(f"Nobody knows what became of {line!r}: {reply.reason}")

    def cut(self, connection_type: ConnectionType) -> None:
        """End one connection, for a try."""
        self._client.cut(connection_type)

    def show_statistics(self) -> None:
        """Show how both connections do."""
        for kind, connection in self._client.connections.items():
            quality = connection.quality
            self._print(
                Text(
                    f"{_SHORT[kind]:<4}{connection.state:<11}"
                    f"round trip {_milliseconds(quality.round_trip):<10}"
                    f"lag {_milliseconds(quality.lag):<10}"
                    f"won {quality.won:<6}reconnects {quality.reconnects}"
                )
            )
        total = self._client.statistics
        self._print(
            Text(f"{total.delivered} delivered, {total.duplicates} duplicates, {total.gaps} gaps")
        )

    def warn(self, text: str) -> None:
        """Print a line of our own."""
        self._print(Text(text, style="yellow"))

    def _tell(self, text: str | None) -> None:
        if text:
            self._print(Text(text))

    def _status(self) -> Text:
        text = Text("[")
        for kind, short in _SHORT.items():
            up = self._up.get(kind, False)
            text.append(f"{short} ")
            text.append("\u25cf" if up else "\u25cb", style="green" if up else "red")
            text.append(" " if kind == "websocket" else "]")
        return text

    def _prompt(self) -> str:
        with self._console.capture() as captured:
            self._console.print(self._status().append(" > "), end="", soft_wrap=True)
        return captured.get()

    def _print(self, text: Text) -> None:
        if self.typing is None:
            self._console.print(text, soft_wrap=not self._console.is_terminal)
        else:
            with self.typing.out_of_the_way():
                self._console.print(text)
        self._console.file.flush()


def gap_text(gap: Gap) -> str:
    """What a person is told of missing events."""
    if gap.first is None or gap.last is None:
        return "[The server began anew. What happened before and was not shown is lost.]"
    count = gap.last - gap.first + 1
    what = "1 event is" if count == 1 else f"{count} events are"
    kind = gap.stream.partition(":")[0]
    why = _WHY.get(gap.reason, gap.reason)
    return f"[{what} lost here, {_WHERE.get(kind, gap.stream)}: {why}]"


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.1f} ms"
