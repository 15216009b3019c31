"""The order in which a server is looked at."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import quote

import httpx
import jwt

from ...abc import Clock
from ...client.certificates import trust
from ...client.chores import Chores
from ...types import ConnectionType
from ..address import Address
from ..exit_codes import CANNOT_CONNECT, OK, PROBLEMS_FOUND
from .findings import Finding, Report
from .frames import Arrivals, wait_until
from .judgement import (
    Silence,
    judge_buffering,
    judge_compression,
    judge_headers,
    judge_http_version,
    judge_round_trips,
    judge_silence,
)
from .openings import judge_event_stream, judge_same_game, judge_uplink, judge_websocket
from .places import Place
from .probes import Probes
from .server import Unusable, look_for_server, why_unreachable
from .signing_in import check_token, guest_token
from .sse import EventStream
from .surroundings import (
    judge_plain,
    look_at_address,
    look_at_clock,
    look_at_origin,
    look_at_tls,
)
from .websocket import WebSocket

__all__ = ["Examination"]

HELLO_TIMEOUT = 5.0
"""Seconds in which a connection that was opened has to say something."""
LONGEST_WATCH = 60.0
"""Seconds that connections are left alone if nobody says how long."""
LOOK = 0.1
"""Seconds between two looks at connections that are left alone."""


class Examination:
    """Looks at one server, from the outside in; what hinders the next step ends it.

    Args:
        address: of the server.
        token: whose connections are opened; ``None`` for a guest.
        watch: seconds that the connections are left alone; ``None`` until both were silent for
            as long as the server lets them be, 0 not at all.
        clock: time.
        tell: is told what goes on: a text, and how much of it is done, from 0 to 1, or ``None``.
    """

    def __init__(
        self,
        address: Address,
        token: str | None,
        watch: float | None,
        clock: Clock,
        tell: Callable[[str, float | None], None],
    ) -> None:
        self.report = Report(str(address))
        self.address = address
        self._token = token or ""
        self._given = token is not None
        self._watch = watch
        self._clock = clock
        self._tell = tell
        self._place: Place | None = None

    async def run(self) -> int:
        """Find out everything, into :attr:`report`.

        Returns:
            The exit code.
        """
        verify = trust(str(self.address))
        try:
            async with httpx.AsyncClient(timeout=10.0, verify=verify) as http:
                await self._come_in(http)
                await self._look_around(http)
                await self._open(http)
        except Unusable as end:
            self.report.add(*end.findings)
            return end.exit_code
        except httpx.HTTPError as error:
            # It answered before, so this is news.
            self.report.add(why_unreachable(error, self.address))
            return CANNOT_CONNECT
        return PROBLEMS_FOUND if self.report.count("problem") else OK

    async def _come_in(self, http: httpx.AsyncClient) -> None:
        self._tell(f"Asking {self.address}", None)
        answered = await look_for_server(http, self.address)
        self._place = answered.place
        self.report.facts["proxy"] = self._place.name if self._place is not None else None
        self.report.add(*answered.findings)
        if self.report.verdict_of("server") != "ok":
            raise Unusable(CANNOT_CONNECT, ())
        self._tell("Signing in", None)
        if not self._given:
            self._token, findings = await guest_token(http, self.address, self._place)
            self.report.add(*findings)
        wall = self._clock.wall()
        self.report.add(await check_token(http, self.address, self._token, wall, given=self._given))

    async def _look_around(self, http: httpx.AsyncClient) -> None:
        self._tell("Looking at what stands in front of it", None)
        version = "HTTP/1.1"
        if not self.address.secure:
            self.report.add(judge_plain(self.address))
        elif (encrypted := await look_at_tls(self.address, self._clock.wall())) is not None:
            version = encrypted.http_version
            self.report.add(encrypted.finding)
        self.report.facts["http_version"] = version
        self.report.add(judge_http_version(version, secure=self.address.secure))
        self.report.add(await look_at_origin(http, self.address, self._token, self._place))
        found = await look_at_address(http, self.address, self._place)
        if found is not None:
            self.report.add(found)

    async def _open(self, http: httpx.AsyncClient) -> None:
        self._tell("Opening both connections", None)
        player_id = _player_of(self._token)
        probes = Probes(http, self.address, self._token, self._clock)
        before = await probes.connections_of(player_id)
        chores = Chores()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(chores.stop)
            asked_at = self._clock.now()
            socket = await stack.enter_async_context(
                WebSocket(self.address, self._token, self._clock)
            )
            streams = httpx.AsyncClient(verify=trust(str(self.address)))
            await stack.enter_async_context(streams)
            stream = await stack.enter_async_context(
                EventStream(streams, self.address, self._token, self._clock)
            )
            self._answer_pings(chores, probes, socket, stream)
            for arrivals in (socket.arrivals, stream.arrivals):
                left = HELLO_TIMEOUT - (self._clock.now() - asked_at)
                await wait_until(self._clock, arrivals, _greeted(arrivals), max(0.0, left))
            await self._compare(http, probes, socket, stream, before, asked_at)
            await self._leave_alone(socket, stream)

    def _answer_pings(
        self, chores: Chores, probes: Probes, socket: WebSocket, stream: EventStream
    ) -> None:
        def pong(arrivals: Arrivals, n: int) -> dict[str, object]:
            hello = arrivals.hello or {}
            return {"type": "pong", "connection": hello.get("connection"), "n": n}

        async def by_websocket(n: int) -> None:
            await socket.send(pong(socket.arrivals, n))

        async def by_http(n: int) -> None:
            await probes.send(pong(stream.arrivals, n))

        socket.arrivals.on_ping = lambda n: chores.spawn(by_websocket(n))
        stream.arrivals.on_ping = lambda n: chores.spawn(by_http(n))

    async def _compare(
        self,
        http: httpx.AsyncClient,
        probes: Probes,
        socket: WebSocket,
        stream: EventStream,
        before: set[str],
        asked_at: float,
    ) -> None:
        """What both connections do, beside each other."""
        report, hello = self.report, socket.arrivals.hello or stream.arrivals.hello or {}
        player_id = str(hello.get("player") or _player_of(self._token))
        stream_id = str((stream.arrivals.hello or {}).get("connection") or "")
        held = stream.refused is None and stream.arrivals.ended is None
        if not stream_id and held:
            # Its hello is held back; the server knows its name.
            own = {str((socket.arrivals.hello or {}).get("connection"))}
            others = await probes.connections_of(player_id) - before - own
            stream_id = others.pop() if len(others) == 1 else ""
        waited = HELLO_TIMEOUT
        report.add(judge_websocket(socket, asked_at, waited, self._place))
        known = bool(stream_id)
        report.add(judge_event_stream(stream, asked_at, waited, known=known, place=self._place))
        self._tell("Comparing both connections", None)
        if stream_id:
            await self._probe(probes, socket, stream, stream_id)
        if stream.arrivals.hello is not None and stream.response is not None:
            report.add(
                judge_headers(stream.response.headers, self._place),
                judge_compression(stream.response.headers, self._place),
            )
        clocks = await look_at_clock(http, self.address, self._token, quote(player_id, safe=""))
        if clocks is not None:
            report.add(clocks[0])
            report.facts["clock_ahead_seconds"] = round(clocks[1], 3)

    async def _probe(
        self, probes: Probes, socket: WebSocket, stream: EventStream, stream_id: str
    ) -> None:
        report = self.report
        delays = await probes.run(socket, stream, stream_id)
        failure = probes.failure
        if failure is not None and failure.missing:
            pair = judge_same_game(socket, stream, known=False)
            report.add(*([pair] if pair is not None else [failure.finding]))
            return
        report.add(failure.finding if failure is not None else judge_uplink(200, "", by_us=True))
        pair = judge_same_game(socket, stream, known=True)
        if pair is not None:
            report.add(pair)
        if delays is not None:
            report.add(judge_buffering(delays, self._place))
            report.facts["event_stream_late_seconds"] = [round(x, 4) for x in delays.arrived]
            report.facts["event_stream_missing"] = delays.missing
        trips: dict[ConnectionType, list[float]] = {
            "websocket": probes.websocket_trips,
            "sse": probes.sse_trips,
        }
        if any(trips.values()):
            report.add(judge_round_trips(trips))
            report.facts["round_trip_seconds"] = {
                kind: [round(each, 4) for each in found] for kind, found in trips.items()
            }

    async def _leave_alone(self, socket: WebSocket, stream: EventStream) -> None:
        """See whether the connections outlive silence."""
        both: dict[ConnectionType, Arrivals]
        both = {"websocket": socket.arrivals, "sse": stream.arrivals}
        watched = {kind: each for kind, each in both.items() if each.hello is not None}
        if not watched or self._watch == 0:
            return
        interval = max(_interval(each) for each in watched.values())
        limit = self._watch if self._watch is not None else min(2 * interval + 5.0, LONGEST_WATCH)
        begun = self._clock.now()
        for each in watched.values():
            each.listen()
        while (passed := self._clock.now() - begun) < limit:
            if all(each.ended is not None for each in watched.values()):
                break
            outlived = (each.silence >= 0.95 * interval for each in watched.values())
            if self._watch is None and all(outlived):
                break
            text = f"Saying nothing for up to {limit:.0f} s, to see who does not like that"
            self._tell(text, passed / limit)
            await self._clock.sleep(LOOK)
        for kind, each in watched.items():
            self.report.add(self._silence(kind, each, begun))

    def _silence(self, kind: ConnectionType, arrivals: Arrivals, begun: float) -> Finding:
        until = arrivals.ended_at if arrivals.ended_at is not None else self._clock.now()
        last = arrivals.last_at if arrivals.last_at is not None else begun
        silence = Silence(
            watched=max(0.0, until - begun),
            longest=arrivals.silence,
            quiet=max(0.0, until - last),
            interval=_interval(arrivals),
            ended=arrivals.ended,
            by_server=arrivals.bye is not None,
        )
        return judge_silence(kind, silence, self._place)


def _greeted(arrivals: Arrivals) -> Callable[[], bool]:
    return lambda: arrivals.hello is not None


def _interval(arrivals: Arrivals) -> float:
    interval = (arrivals.hello or {}).get("ping_interval")
    # Somebody else's number, which may be any.
    if isinstance(interval, (int, float)) and 0 < interval < 86400:
        return float(interval)
    return 25.0


def _player_of(token: str) -> str:
    """Whose a JSON Web Token is; nothing is verified, and nothing depends on it."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return ""
    return str(claims.get("sub") or "")
