"""The scripts: one atomic operation each, every one in a file of its own in ``lua/``.

The first lines of a script say its flags and which shared parts stand before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files

__all__ = ["Script", "all_scripts", "script"]

SHARED = ("log", "player")
"""Parts that are no scripts by themselves."""

_LUA = files(__package__) / "lua"


@dataclass(frozen=True, slots=True)
class Script:
    """One atomic operation."""

    name: str
    text: str
    digest: str
    """By which Redis knows it once it has seen it."""


@cache
def script(name: str) -> Script:
    """A script by the name of its file."""
    shebang, *rest = _read(name).split("\n")
    uses = rest[0].removeprefix("-- uses:").split() if rest[0].startswith("-- uses:") else []
    text = "\n".join([shebang, *map(_read, uses), *rest])
    # Redis names scripts by SHA-1; nothing is protected by it.
    return Script(name, text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def all_scripts() -> list[Script]:
    """Every script, so that a server can be told of them before the first is used."""
    names = [item.name.removesuffix(".lua") for item in _LUA.iterdir()]
    return [script(name) for name in sorted(names) if name not in SHARED]


def _read(name: str) -> str:
    return (_LUA / f"{name}.lua").read_text()
