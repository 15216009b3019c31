"""Peers that npm installs: what their lock file pins, when it is not there yet."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

from ..children import ChildError

__all__ = ["install", "output"]


async def install(home: Path) -> dict[str, str]:
    """Install what a directory's ``package-lock.json`` pins.

    Returns:
        The versions of Node and of the packages that are asked for.

    Raises:
        ChildError: it cannot be installed.
    """
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise ChildError(f"there is no {program}; on Debian: apt-get install nodejs npm")
    lock, installed = home / "package-lock.json", home / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        options = ("--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
        await output("npm", "ci", *options, cwd=home)
        installed.touch()
    packages = json.loads(lock.read_text())["packages"]
    asked = packages[""]["dependencies"]
    versions = {name: str(packages[f"node_modules/{name}"]["version"]) for name in asked}
    return {"node": (await output("node", "--version", cwd=home)).strip(), **versions}


async def output(*command: str, cwd: Path | None = None) -> str:
    """What a command says.

    Raises:
        ChildError: it fails.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except OSError as error:
        raise ChildError(f"{command[0]}: {error}") from error
    out, err = await process.communicate()
    if process.returncode:
        raise ChildError(f"{' '.join(command)}: {err.decode(errors='replace').strip()[-500:]}")
    return out.decode()
