"""The server API and the monitoring endpoints, asked from a terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

from ...client.certificates import trust
from ...types import JSONObject
from ..address import Address
from ..doctor.server import (
    Unusable,
    code_of,
    look_for_server,
    quoted,
    read_json,
    why_unreachable,
)
from ..exit_codes import (
    AUTHENTICATION_REFUSED,
    CANNOT_CONNECT,
    NOT_DUALWIRE,
    NOT_FOUND,
    REFUSED,
    SERVER_API_OFF,
)

__all__ = ["ServerAPI", "UnansweredError"]


class UnansweredError(Exception):
    """A question that was not answered; the text is for a person.

    Args:
        exit_code: one of :mod:`dualwire.cli.exit_codes`.
        problem: what is wrong, and what to do about it.
    """

    def __init__(self, exit_code: int, problem: str) -> None:
        self.exit_code = exit_code
        self.problem = problem
        super().__init__(exit_code, problem)

    def __str__(self) -> str:
        return self.problem


class ServerAPI:
    """Asks a server as its operator.

    Args:
        address: of the server.
        key: the operator's; ``None`` to ask without, which a server allows its own machine for
            what only looks.
    """

    def __init__(self, address: Address, key: str | None) -> None:
        self._address = address
        self._key = key
        self._http = httpx.AsyncClient(timeout=10.0, verify=trust(str(address)))

    async def __aenter__(self) -> ServerAPI:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> JSONObject:
        """Look at something.

        Raises:
            UnansweredError: it is not answered.
        """
        return await self._ask("GET", path, None, {})

    async def post(
        self, path: str, body: JSONObject, headers: dict[str, str] | None = None
    ) -> JSONObject:
        """Have something done.

        Raises:
            UnansweredError: it is not done, as far as can be known.
        """
        return await self._ask("POST", path, body, headers or {})

    async def _ask(
        self, method: str, path: str, body: JSONObject | None, headers: dict[str, str]
    ) -> JSONObject:
        if self._key is not None:
            if not self._key.isprintable() or not self._key.isascii():
                raise UnansweredError(
                    AUTHENTICATION_REFUSED, "the key has characters that no header can carry"
                )
            headers = headers | {"X-API-Key": self._key}
        url = f"{self._address}{path}"
        try:
            response = await self._http.request(method, url, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            found = why_unreachable(error, self._address)
            raise UnansweredError(CANNOT_CONNECT, f"{found.seen}: {found.advice}") from None
        answer = read_json(response)
        if response.is_success and "json" in response.headers.get("content-type", ""):
            return answer
        raise await self._why(path, response, answer)

    async def _why(
        self, path: str, response: httpx.Response, answer: JSONObject
    ) -> UnansweredError:
        """What a refusal means for who asked."""
        status = response.status_code
        if code_of(answer) is None:
            return await self._no_such_endpoint(path, response)
        error: Any = answer["error"]
        message = quoted(str(error.get("message")), 300)
        if status == 401:
            return UnansweredError(AUTHENTICATION_REFUSED, self._about_the_key())
        if status == 403:
            return UnansweredError(
                SERVER_API_OFF,
                "no key is set on the server, so it answers only its own machine: set "
                "DUALWIRE_API_KEY there (an application of yours: "
                "monitoring_router(manager, api_key=KEY)), and give it here",
            )
        if status == 404 and error.get("type") == "not_found":
            return UnansweredError(NOT_FOUND, message)
        return UnansweredError(REFUSED, f"the server refuses: {message} (HTTP {status})")

    def _about_the_key(self) -> str:
        if self._key is None:
            return (
                "the server wants the operator's key: set DUALWIRE_API_KEY here to what it is "
                "there, or give --key-file"
            )
        return (
            "the server does not accept this key: it is what DUALWIRE_API_KEY was when the server "
            "started (an application of yours: api_key=KEY of its routers)"
        )

    async def _no_such_endpoint(self, path: str, response: httpx.Response) -> UnansweredError:
        """There is a server, and it does not know the path: is it ours at all?"""
        try:
            await look_for_server(self._http, self._address)
        except Unusable as other:
            found = other.findings[-1]
            return UnansweredError(other.exit_code, f"{found.seen}: {found.advice}")
        if response.status_code != 404:
            return UnansweredError(
                NOT_DUALWIRE,
                f"HTTP {response.status_code} for {path}, which is not dualwire's: does a proxy "
                "keep it for itself? Ask the server on its own machine",
            )
        name = "admin_router" if path.startswith("/api/admin") else "monitoring_router"
        also = "" if name == "monitoring_router" else "set DUALWIRE_API_KEY there; "
        return UnansweredError(
            SERVER_API_OFF,
            f"the server has no {path.partition('?')[0]}: {also}an application of yours includes "
            f"{name}(manager, api_key=KEY); and no proxy may keep it back",
        )
