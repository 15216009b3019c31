"""How bytes leave: WebSocket and SSE on any ASGI server."""
