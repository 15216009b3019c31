"""The head of a request, read no further than it is asked for."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection
from starlette.types import Scope

__all__ = ["RequestHead"]


class RequestHead(HTTPConnection):
    """What Starlette's :class:`~starlette.requests.HTTPConnection` tells, found faster.

    The rules of the gate ask a dozen things of each opening, and Starlette looks through all
    headers for each. Whatever is out of the ordinary is left to Starlette itself.

    Args:
        scope: the ASGI scope, or as much of it as an opening needs: ``type``, ``headers``,
            ``query_string``, ``client`` and what the asker wants beside.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @property
    def headers(self) -> Headers:
        """The headers, the first of equal names."""
        found: Headers | None = getattr(self, "_headers", None)
        if found is None:
            found = self._headers = _Fields(self.scope["headers"])
        return found

    @property
    def query_params(self) -> QueryParams:
        """The query, the last of equal names."""
        found: QueryParams | None = getattr(self, "_query_params", None)
        if found is None:
            found = self._query_params = _query(self.scope["query_string"])
        return found

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies."""
        return super().cookies if "cookie" in self.headers else {}


class _Fields(Headers):
    """Headers that are looked up in a dictionary."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        # The first of equal names counts.
        self._first = dict(reversed(raw))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower().encode("latin-1") in self._first

    def get(self, key: str, default: Any = None) -> Any:
        value = self._first.get(key.lower().encode("latin-1"))
        return default if value is None else value.decode("latin-1")


class _Query(QueryParams):
    """A query without anything that is to be decoded, and without equal names."""

    def __init__(self, found: dict[str, str]) -> None:
        self._dict = found
        self._list = list(found.items())

    def get(self, key: str, default: Any = None) -> Any:
        return self._dict.get(key, default)


def _query(text: bytes) -> QueryParams:
    if b"%" in text or b"+" in text:
        return QueryParams(text)
    pairs = [each.partition("=") for each in text.decode("latin-1").split("&") if each]
    found = {name: value for name, _, value in pairs}
    return _Query(found) if len(found) == len(pairs) else QueryParams(text)
