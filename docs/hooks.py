"""Puts drawn diagrams into the built pages, so that a reader's browser loads no script for them.

A diagram stands in a page as Mermaid text, whose second line is ``%% NAME``; ``diagrams/NAME.svg``
is what ``python docs/render_diagrams.py`` has drawn from it, and begins with the text's digest.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any

DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DRAWN = Path(__file__).parent / "diagrams"


def name_of(text: str) -> str:
    """What a diagram calls itself.

    Raises:
        ValueError: it does not say.
    """
    found = re.search(r"^\s*%% ([a-z-]+)$", text, re.MULTILINE)
    if found is None:
        raise ValueError(f"a diagram needs a line '%% NAME':\n{text}")
    return found[1]


def digest_of(text: str) -> str:
    """What its drawing must begin with."""
    return f"<!-- {hashlib.sha256(text.encode()).hexdigest()} -->"


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """Replace each diagram by its drawing. Called by mkdocs."""
    here = posixpath.dirname(page.file.src_uri)

    def drawing(found: re.Match[str]) -> str:
        name = name_of(found[1])
        if not (DRAWN / f"{name}.svg").read_text().startswith(digest_of(found[1])):
            raise ValueError(f"{name}.svg is old: python docs/render_diagrams.py draws it again")
        path = posixpath.relpath(f"diagrams/{name}.svg", here or ".")
        return f"![{name.replace('-', ' ').capitalize()}]({path}){{ .diagram }}"

    return DIAGRAM.sub(drawing, markdown)
