"""The architecture as data: what each layer may import. Imports point only down."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "dualwire"

LAYERS: list[tuple[str, ...]] = [
    ("codes",),
    ("exceptions",),
    ("types", "config"),
    ("core",),
    ("abc",),
    ("clock", "engines", "flags", "transports"),
    ("runtime",),
    ("manager",),
    ("testing", "client"),
    ("http",),
    ("demo", "settings", "secret", "logs"),
    ("server",),
    ("cli",),
]
"""From the ground up. A module imports from layers below its own, and within its own package."""

PURE = {"codes", "exceptions", "types", "config", "core"}
"""No input, no output, no time, no chance: what they need is passed in."""

IMPURE_MODULES = {"asyncio", "socket", "ssl", "time", "random", "secrets", "logging", "structlog"}
IMPURE_MODULES |= {"redis", "starlette", "fastapi", "uvicorn", "httpx", "websockets", "threading"}
"""What a pure module must not import."""

LINES = 400
"""Longer modules want splitting, by responsibility."""


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def top(path: Path) -> str:
    """The part of the package that a file belongs to: ``core``, ``abc``, ``__init__``."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def level(part: str) -> int:
    found = [index for index, layer in enumerate(LAYERS) if part in layer]
    assert found, f"{part} has no layer: give it one in LAYERS"
    return found[0]


def imports(path: Path) -> set[tuple[str, ...]]:
    """Every module that a file imports, absolute, except for type checkers only."""
    package = ("dualwire", *path.relative_to(SOURCE).parts[:-1])
    found: set[tuple[str, ...]] = set()
    tree = ast.parse(path.read_text())
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            skipped.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found.update(tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = (*base, *(node.module.split(".") if node.module else ()))
            if stem == ("dualwire",):
                found.update((*stem, alias.name) for alias in node.names)
            else:
                found.add(stem)
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path: Path) -> None:
    own = top(path)
    if own == "__init__":
        return
    for name in imports(path):
        if name[0] != "dualwire" or len(name) < 2:
            continue
        if name[1] == "__version__" or name[1][0].isupper():
            continue  # The public face, which only the outermost layers use.
        other = name[1]
        assert other == own or level(other) < level(own), (
            f"{path.relative_to(SOURCE)} ({own}) imports {'.'.join(name)}: imports point down"
        )


def test_only_the_outermost_layers_use_the_public_face() -> None:
    outer = level("http")
    for path in modules():
        own = top(path)
        faced = [name for name in imports(path) if name[0] == "dualwire" and name[1:2] != ()]
        if own != "__init__" and level(own) < outer:
            assert not [name for name in faced if name[1][0].isupper()], path


@pytest.mark.parametrize(
    "path",
    [path for path in modules() if top(path) in PURE],
    ids=lambda path: str(path.relative_to(SOURCE)),
)
def test_the_core_is_pure(path: Path) -> None:
    assert not {name[0] for name in imports(path)} & IMPURE_MODULES
    assert "async def" not in path.read_text()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_modules_are_small(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINES, f"{lines} lines: split it by responsibility"


def test_one_manager() -> None:
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and node.name != "ConnectionManager":
                assert not node.name.endswith(("Manager", "Helper", "Util", "Utils")), node.name
