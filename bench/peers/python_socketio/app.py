"""python-socketio on uvicorn: broadcasts what is POSTed."""

from __future__ import annotations

import json
import sys
from typing import Any

import socketio  # type: ignore[import-not-found]
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", logger=False, engineio_logger=False)


async def publish(_scope: Any, receive: Any, send: Any) -> None:
    """``POST``, wherever: to everybody."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await server.emit("event", json.loads(body))
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


app = socketio.ASGIApp(server, publish)


class Told(uvicorn.Server):
    """Says where it listens."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        for each in self.servers:
            sys.stdout.write(f"listening at {each.sockets[0].getsockname()[1]}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    options: dict[str, Any] = {"log_level": "error", "access_log": False}
    Told(uvicorn.Config(app, port=0, ws_per_message_deflate=False, **options)).run()
