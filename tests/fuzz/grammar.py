"""What a hostile client says: near to what is right, or far from it, from a seed."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar
from urllib.parse import quote

__all__ = ["Grammar"]

T = TypeVar("T")

EPOCH = "01a206db866e754abbd5"
STREAMS = ("player:mallory", "player:bystander", "global", "room:hall", "room:", "player:", "x")
TEXTS = (
    *STREAMS,
    *(
        "",
        "a",
        "command",
        "ping",
        "pong",
        "ack",
        "refresh",
        "chat",
        "session-1",
        "null",
        "INSTANCE.1",
    ),
    *("look", "say hi", "go north", "..", "../../etc/passwd", "%00", "\x00", "\r\nX: y", "\u2028"),
    *("\ud800", "\ufeff", "\U0001f600", "e\u0301" * 9, "<script>", "${jndi:x}", "' or 1=1", "{}"),
    *("client-inst-0001.1", "client-inst-0001.2", "client-inst-0001.999999999999999", EPOCH),
    *("dualwire.v1", "plain", "sha256", "standby", "all", "1" * 400, "a" * 5000, "," * 100, "a,b"),
)
NUMBERS = (0, 1, -1, 2, 255, 2**31, 2**53 - 1, 2**53, 2**63, 2**64, 10**30, 10**400, 0.5, -0.0)
WEIRD = ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1E400", "0x10", "01", "1.", "tru", "'")
KEYS = (
    *("type", "data", "command", "args", "message", "cursor", "connection", "n", "id", "body"),
    *(
        "retry",
        "token",
        "session_id",
        "event",
        "player_id",
        "room",
        "x",
        "",
        "a\u0000b",
        "__proto__",
    ),
)
TYPES = (
    "command",
    "game_command",
    "chat",
    "ping",
    "pong",
    "ack",
    "refresh",
    "recovered",
    "warning",
)
PARAMETERS = (
    *("session_id", "cursor", "digest", "types", "protocol", "twins", "last_event_id", "ticket"),
    *("token", "connection", "player_id", "stream", "after", "limit", "x", ""),
)
HEADERS = (
    *("Last-Event-ID", "Origin", "Cookie", "Authorization", "Content-Type", "Accept", "Host"),
    *(
        "Sec-Fetch-Site",
        "Sec-WebSocket-Protocol",
        "X-Forwarded-For",
        "Idempotency-Key",
        "X-API-Key",
    ),
    *("Expect", "Upgrade", "Connection", "Transfer-Encoding", "Content-Encoding", "Range"),
)
PATHS = (
    *(
        "/api/events",
        "/api/events/mallory",
        "/api/events/bystander",
        "/api/events/%2e%2e",
        "/api/ws",
    ),
    *("/api/ws/mallory", "/api/session", "/api/send", "/api/connections/stats", "/nowhere"),
    *("/api/connections/mallory", "/api/connections/bystander", "/api/connections/mallory/session"),
    *("/api/admin/publish", "/api/admin/history", "/api/admin/disconnect", "/api/admin/presence"),
    *("/monitoring/health", "/monitoring/players/mallory", "/metrics", "/healthz", "/auth/login"),
    *("/auth/register", "/auth/guest", "/", "//", "/api//send", "/api/connections/", "*"),
)


class Grammar:
    """Makes inputs.

    Args:
        rng: the same seed makes the same inputs.
        token: a valid one of the attacker's.
    """

    def __init__(self, rng: Random, token: str) -> None:
        self.rng = rng
        self.token = token

    def pick(self, among: Sequence[T]) -> T:
        """One of several. (``Random.choice`` takes three times as long, in nearly every line.)"""
        return among[int(self.rng.random() * len(among))]

    # JSON

    def text(self) -> str:
        return self.pick(TEXTS)

    def value(self, depth: int = 3) -> Any:
        pick = self.rng.random()
        if pick < 0.35:
            return self.text()
        if pick < 0.6:
            return self.pick(NUMBERS)
        if pick < 0.7:
            return self.pick((None, True, False))
        if depth == 0:
            return []
        if pick < 0.85:
            return [self.value(depth - 1) for _ in range(self.rng.randrange(4))]
        return {self.pick(KEYS): self.value(depth - 1) for _ in range(self.rng.randrange(4))}

    def cursor(self) -> Any:
        if self.rng.random() < 0.2:
            return self.value()
        return {
            self.text(): [EPOCH if self.rng.random() < 0.7 else self.text(), self.value(0)]
            for _ in range(self.rng.randrange(1, 8))
        }

    def message(self) -> bytes:
        """A client's message, as text: JSON mostly."""
        rng = self.rng
        body: dict[str, Any] = {"type": self.pick(TYPES) if rng.random() < 0.9 else self.value()}
        for key in rng.sample(KEYS, rng.randrange(5)):
            body[key] = self.cursor() if key == "cursor" else self.value()
        if rng.random() < 0.1:
            body = {"message": json.dumps(body), "csrfToken": self.value()}
        return self.mutated(json.dumps(body, ensure_ascii=rng.random() < 0.7, default=str))

    def mutated(self, text: str) -> bytes:
        """A text, as it is or broken."""
        rng, raw = self.rng, text.encode("utf-8", "surrogatepass")
        pick = rng.random()
        if pick < 0.7:
            return raw
        if pick < 0.75:
            return raw[: rng.randrange(len(raw) + 1)]
        if pick < 0.8:
            return b"[" * self.pick((10, 1000, 20_000)) + raw
        if pick < 0.85:
            return raw.replace(b"1", self.pick(WEIRD).encode(), 1)
        if pick < 0.9:
            return raw.replace(b"{", b'{"type":"ping","type":"command",', 1)
        if pick < 0.92:
            return raw + b" " * self.pick((1, 70_000))
        at = rng.randrange(len(raw) + 1)
        return raw[:at] + rng.randbytes(rng.randrange(1, 9)) + raw[at:]

    # HTTP

    def query(self) -> str:
        pairs = []
        for name in self.rng.sample(PARAMETERS, self.rng.randrange(5)):
            value = json.dumps(self.cursor()) if name == "cursor" else self.text()
            if name == "token" and self.rng.random() < 0.5:
                value = self.token
            raw = value.encode("utf-8", "surrogatepass")
            encoded = quote(raw) if self.rng.random() < 0.9 else quote(raw, safe="%&=;")
            pairs.append(f"{name}={encoded}")
        return "&".join(pairs)

    def headers(self) -> list[tuple[bytes, bytes]]:
        found = []
        if self.rng.random() < 0.8:
            found.append((b"authorization", b"Bearer " + self.token.encode()))
        for name in self.rng.sample(HEADERS, self.rng.randrange(3)):
            value = self.text().encode("utf-8", "surrogatepass").replace(b"\r\n", b" ")
            found.append((name.lower().encode(), value))
        return found

    def request(self, path: str | None = None, method: str | None = None) -> bytes:
        """An HTTP request, nearly right or broken."""
        rng = self.rng
        path = path or self.pick(PATHS)
        method = method or self.pick(("GET", "GET", "POST", "POST", "HEAD", "PUT", "OPTIONS", "G"))
        body = self.message() if method in ("POST", "PUT") else b""
        lines = [f"{method} {path}?{self.query()} HTTP/1.1".encode(), b"Host: 127.0.0.1"]
        lines += [
            name + b": " + value.replace(b"\n", b" ").replace(b"\x00", b"")
            for name, value in self.headers()
            if name not in (b"host", b"transfer-encoding", b"connection", b"expect", b"upgrade")
            or rng.random() < 0.2
        ]
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        raw = b"\r\n".join(lines) + b"\r\n\r\n" + body
        if rng.random() < 0.1:
            at = rng.randrange(len(raw))
            raw = raw[:at] + rng.randbytes(rng.randrange(1, 5)) + raw[at:]
        return raw

    # WebSocket frames (RFC 6455, section 5.2)

    def frame(self) -> bytes:
        """A frame of a client, nearly right or broken."""
        rng, pick = self.rng, self.rng.random()
        if pick < 0.75:
            return frame(1, self.message(), rng)
        if pick < 0.85:
            return frame(self.pick((9, 10)), rng.randbytes(rng.randrange(126)), rng)
        if pick < 0.93:
            text = self.message()
            at = rng.randrange(len(text) + 1)
            return (
                frame(1, text[:at], rng, fin=False) + frame(9, b"", rng) + frame(0, text[at:], rng)
            )
        opcode, fin = rng.randrange(16), rng.random() < 0.8
        masked = rng.random() < 0.9
        made = frame(
            opcode, rng.randbytes(self.pick((0, 1, 2, 125, 126, 70_000))), rng, fin, masked
        )
        return bytes([made[0] | self.pick((0, 0, 0x40, 0x20, 0x10))]) + made[1:]


def frame(opcode: int, payload: bytes, rng: Random, fin: bool = True, masked: bool = True) -> bytes:
    """One frame."""
    bit, size = (0x80 if masked else 0), len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    if not masked:
        return head + payload
    mask = rng.randbytes(4)
    whole = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
    return head + mask + mixed.to_bytes(size, "big")
