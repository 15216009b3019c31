"""Which Redis server has what: one server, the primary that Sentinel names, or a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError
from redis.utils import str_if_bytes

from ...exceptions import ConfigurationError
from .shard import FailedError, Shard

__all__ = ["Topology", "topology_of"]

EXPECTED = (
    "redis://HOST:PORT/DB, rediss:// for TLS, unix://PATH, "
    "redis+sentinel://HOST:PORT,HOST:PORT/PRIMARY or redis+cluster://HOST:PORT,HOST:PORT"
)

Restore = Callable[[Shard], Awaitable[None]]


class Topology(ABC):
    """The servers, and which one has a key."""

    cluster = False
    """Whether keys of different slots must not be named in one call."""

    @property
    @abstractmethod
    def shards(self) -> list[Shard]:
        """The servers that are known."""

    @abstractmethod
    def shard_of(self, key: str) -> Shard:
        """The server that has a key."""

    @abstractmethod
    async def start(self) -> None:
        """Meet the servers.

        Raises:
            FailedError: some of them do not answer.
        """

    def at(self, address: str) -> Shard:
        """The server of an address, ``HOST:PORT``."""
        raise AssertionError("only a cluster sends its callers elsewhere")

    @abstractmethod
    async def look_again(self) -> None:
        """Find out anew which server has what."""

    def slot_of(self, key: str) -> int:
        """Keys of one slot may be named in one call."""
        return 0

    async def stop(self) -> None:
        """Let go of everything. Idempotent."""
        for shard in self.shards:
            await shard.stop()


class _Single(Topology):
    def __init__(
        self, name: str, client: Redis, restore: Restore, sentinels: Sequence[Redis] = ()
    ) -> None:
        self._shard = Shard(name, client, restore)
        self._sentinels = sentinels

    @property
    def shards(self) -> list[Shard]:
        return [self._shard]

    def shard_of(self, key: str) -> Shard:
        return self._shard

    async def start(self) -> None:
        await self._shard.start()

    async def look_again(self) -> None:
        pass  # There is no other.

    async def stop(self) -> None:
        await super().stop()
        for sentinel in self._sentinels:
            await sentinel.aclose()


class _Cluster(Topology):
    cluster = True

    def __init__(
        self, hosts: list[tuple[str, int]], options: dict[str, Any], restore: Restore
    ) -> None:
        nodes = [ClusterNode(host, port) for host, port in hosts]
        self._map: RedisCluster = RedisCluster(startup_nodes=nodes, **options)
        # An option of the map alone: the addresses that it gives are translated already.
        self._options = {n: value for n, value in options.items() if n != "address_remap"}
        self._restore = restore
        self._shards: dict[str, Shard] = {}

    @property
    def shards(self) -> list[Shard]:
        return list(self._shards.values())

    def shard_of(self, key: str) -> Shard:
        try:
            node = self._map.get_node_from_key(key)
        except RedisClusterException as error:
            raise FailedError(f"Redis: {error}", executed=False) from error
        assert node is not None
        return self._at(node.host, int(node.port))

    def at(self, address: str) -> Shard:
        host, _, port = address.rpartition(":")
        return self._at(host, int(port))

    def _at(self, host: str, port: int) -> Shard:
        name = f"{host}:{port}"
        shard = self._shards.get(name)
        if shard is None:
            client: Redis = Redis(host=host, port=port, **self._options)
            shard = self._shards[name] = Shard(name, client, self._restore)
        return shard

    async def start(self) -> None:
        try:
            await self._map.initialize()
        except (RedisError, OSError) as error:
            raise FailedError(f"Redis Cluster: {error}", executed=False) from error
        for node in self._map.get_primaries():
            await self._at(node.host, int(node.port)).start()

    async def look_again(self) -> None:
        try:
            await self._map.nodes_manager.initialize()
        except (RedisError, OSError) as error:
            raise FailedError(f"Redis Cluster: {error}", executed=False) from error

    def slot_of(self, key: str) -> int:
        return self._map.keyslot(key)

    async def stop(self) -> None:
        await super().stop()
        await self._map.aclose()


def topology_of(url: str, options: dict[str, Any], timeout: float, restore: Restore) -> Topology:
    """What a URL describes.

    Args:
        url: see the error's text; a query gives options of the client library.
        options: further options of the client library, such as ``ssl_ca_certs``.
        timeout: seconds for an answer, and for a connection.
        restore: brings a server up to date before it is used again.

    Raises:
        ConfigurationError: the URL describes nothing.
    """
    scheme, plus, kind = urlsplit(url).scheme.partition("+")
    options = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        **options,
        # A call that is repeated without its publish id would be carried out twice.
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if scheme not in ("redis", "rediss", "unix"):
        raise ConfigurationError("engine", EXPECTED, _harmless(url))
    try:
        if not plus:
            return _Single(_harmless(url), Redis.from_url(url, **options), restore)
        hosts, path, terms = _hosts(url, scheme)
        if kind == "cluster":
            return _Cluster(hosts, {**options, **terms}, restore)
        primary, _, database = path.partition("/")
        if kind == "sentinel" and primary:
            terms = {**terms, "db": int(database or 0)}
            terms = {**options, **terms, "sentinel_kwargs": _plain(options)}
            sentinel = Sentinel(hosts, **terms)  # type: ignore[no-untyped-call]
            client = sentinel.master_for(primary)
            return _Single(_harmless(url), client, restore, sentinel.sentinels)
    except ValueError as error:
        raise ConfigurationError("engine", f"{EXPECTED} ({error})", _harmless(url)) from error
    raise ConfigurationError("engine", EXPECTED, _harmless(url))


def _hosts(url: str, scheme: str) -> tuple[list[tuple[str, int]], str, dict[str, Any]]:
    """Hosts, path and options of a URL with several hosts."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    found = []
    terms: dict[str, Any] = {}
    for host in hosts.split(","):
        terms = dict(parse_url(f"{scheme}://{login}{at}{host}?{parts.query}"))
        found.append((str_if_bytes(terms.pop("host")), int(terms.pop("port", 6379))))
    if terms.pop("connection_class", None) is SSLConnection:
        terms["ssl"] = True
    return found, parts.path.strip("/"), terms


def _plain(options: dict[str, Any]) -> dict[str, Any]:
    """What holds for Sentinels too: they have passwords of their own."""
    shared = ("socket_", "ssl", "retry")
    return {name: value for name, value in options.items() if name.startswith(shared)}


def _harmless(url: str) -> str:
    """A URL without its secrets, for logs and messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
