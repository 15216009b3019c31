"""Names of keys and channels, in one place, because another release reads them too.

Everything that one script touches has one hash tag, ``{player:ID}`` or ``{room:ID}``, so that it
lies in one slot of a Redis Cluster. Names begin with the schema's version: releases that share it
run side by side.
"""

from __future__ import annotations

import re
from zlib import crc32

from ...exceptions import ConfigurationError
from ...types import player_stream

__all__ = ["INDEX_PARTS", "Keys", "part_of"]

SCHEMA = 1
"""Counted up when an older release could not read what a newer one writes."""

INDEX_PARTS = 16
"""Slots over which the index of players is spread; part of the schema."""

_NAMESPACE = re.compile(r"[A-Za-z0-9_.-]{0,64}")
_PLAYER_KINDS = ("player", "conns", "rooms", "info", "ids", "written", "meta", "log")


class Keys:
    """Names for one namespace.

    Args:
        namespace: so that several games can share one Redis.

    Raises:
        ConfigurationError: the namespace has other characters than ``[A-Za-z0-9_.-]``.
    """

    def __init__(self, namespace: str = "") -> None:
        if not _NAMESPACE.fullmatch(namespace):
            raise ConfigurationError("namespace", "at most 64 of [A-Za-z0-9_.-]", namespace)
        self._root = f"dw{SCHEMA}:{namespace}:" if namespace else f"dw{SCHEMA}:"

    def of(self, kind: str, tag: str) -> str:
        """The key of one kind of thing in one slot."""
        return f"{self._root}{kind}:{{{_quoted(tag)}}}"

    def channel(self, stream: str) -> str:
        """The channel on which a stream's entries are told."""
        return self.of("told", stream)

    def stream_of(self, channel: str) -> str:
        """The stream that a channel tells of; the inverse of :meth:`channel`."""
        return _unquoted(channel[len(self._root) + len("told:{") : -1])

    def stream(self, stream: str) -> list[str]:
        """What every script on a stream gets: position, entries, memberships, session, channel."""
        kinds = ("meta", "log", "rooms", "player")
        return [*(self.of(kind, stream) for kind in kinds), self.channel(stream)]

    def publish_id(self, stream: str, publish_id: str) -> str:
        """Where it is remembered that a publish id was used."""
        return self.of("id", stream) + publish_id

    def player(self, player_id: str) -> list[str]:
        """What every script on a player gets; all of it lies in the slot of the player's stream."""
        stream = player_stream(player_id)
        return [*(self.of(kind, stream) for kind in _PLAYER_KINDS), self.channel(stream)]

    def command(self, player_id: str, command_id: str) -> str:
        """Where it is kept what became of a command."""
        return self.of("command", player_stream(player_id)) + command_id

    def ticket(self, digest: str) -> str:
        """Where a ticket is kept, by a digest of its secret."""
        return self.of("ticket", digest)

    def index(self, part: int) -> list[str]:
        """One part of the index of players: records, changes, numbers, what is due, tombstones."""
        kinds = ("records", "changes", "numbers", "due", "graves")
        return [self.of(kind, f"index:{part}") for kind in kinds]

    def attempts(self, key: str) -> str:
        """The bucket of one kind of attempt by one peer."""
        return self.of("attempts", key)

    def revocations(self) -> list[str]:
        """What is revoked, what changed, what expires when, and numbers."""
        return [self.of(kind, "revoked") for kind in ("revoked", "changes", "ends", "numbers")]

    def nodes(self) -> list[str]:
        """Which nodes live, and who looks after those that died."""
        return [self.of("alive", "nodes"), self.of("reapers", "nodes")]

    def node_players(self, node: str) -> str:
        """The players that a node looks after."""
        return self.of("players", f"node:{node}")


def part_of(player_id: str) -> int:
    """In which part of the index a player is."""
    return crc32(player_id.encode()) % INDEX_PARTS


def _quoted(tag: str) -> str:
    # A brace would end the hash tag early; without the quoting two names could mean one key.
    return tag.replace("%", "%25").replace("{", "%7B").replace("}", "%7D")


def _unquoted(tag: str) -> str:
    return tag.replace("%7D", "}").replace("%7B", "{").replace("%25", "%")
