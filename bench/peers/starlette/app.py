"""What everybody writes first: a list of WebSockets and a loop that sends to each."""

from __future__ import annotations

import contextlib
import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

players: set[WebSocket] = set()


async def play(websocket: WebSocket) -> None:
    """One connection's life."""
    await websocket.accept()
    players.add(websocket)
    try:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await websocket.receive_text()
    finally:
        players.discard(websocket)


async def publish(request: Request) -> Response:
    """``POST /pub``: to everybody."""
    text = json.dumps(json.loads(await request.body()))
    for websocket in list(players):
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            await websocket.send_text(text)
    return Response(status_code=204)


app = Starlette(
    routes=[WebSocketRoute("/ws", play), Route("/pub", publish, methods=["POST"])],
)


class Told(uvicorn.Server):
    """Says where it listens."""

    async def startup(self, sockets: object = None) -> None:
        await super().startup(sockets)  # type: ignore[arg-type]
        for server in self.servers:
            sys.stdout.write(f"listening at {server.sockets[0].getsockname()[1]}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    options = {"log_level": "error", "access_log": False, "ws_per_message_deflate": False}
    Told(uvicorn.Config(app, port=0, **options)).run()  # type: ignore[arg-type]
