"""The packages as strangers get them: packed, installed into a Vite project, built, connected."""

from __future__ import annotations

import asyncio
import json
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Error, expect
from starlette.staticfiles import StaticFiles

from tests.live import serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ROOT / "clients" / "js" / "packages"
LOCKED = {"vite", "react", "react-dom"}


async def npm(*args: str, cwd: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        "npm",
        *args,
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, error = await process.communicate()
    assert process.returncode == 0, (out + error).decode()
    return out.decode()


async def packed(folder: Path) -> list[str]:
    """Both packages, packed; the options of npm that install them."""
    made = json.loads(
        await npm(
            *("pack", "--json", "--pack-destination", str(folder)),
            *("-w", "packages/core", "-w", "packages/react"),
            cwd=ROOT / "clients" / "js",
        )
    )
    listed: list[Any] = made if isinstance(made, list) else list(made.values())
    for each in listed:
        names = {file["path"] for file in each["files"]}
        assert {"package.json", "README.md", "LICENSE", "dist/index.js", "dist/index.d.ts"} <= names
        assert not [name for name in names if name.startswith("tests/")]
    return [str(folder / each["filename"].replace("/", "-").lstrip("@")) for each in listed]


def pins() -> list[str]:
    """What else a page needs, in the versions that the lock file has, so that they are at hand."""
    lock = json.loads((ROOT / "clients" / "js" / "package-lock.json").read_text())
    return [f"{name}@{lock['packages'][f'node_modules/{name}']['version']}" for name in LOCKED]


def _noting(errors: list[str]) -> Callable[[Error], None]:
    return lambda error: errors.append(str(error))


@pytest.mark.timeout(300)
async def test_packed_installed_built_and_connected(browser: Browser, tmp_path: Path) -> None:
    tarballs = await packed(tmp_path)
    for example_of in sorted((ROOT / "examples").glob("browser_*")):
        project = tmp_path / example_of.name
        shutil.copytree(example_of, project, ignore=shutil.ignore_patterns("node_modules", "dist"))
        await npm("install", *tarballs, *pins(), cwd=project)
        await npm("run", "build", cwd=project)
        example = runpy.run_path(str(ROOT / "examples" / "existing_fastapi" / "app.py"))
        example["app"].mount("/", StaticFiles(directory=project / "dist", html=True))
        async with serving(example["app"]) as address:
            page = await browser.new_page()
            errors: list[str] = []
            page.on("pageerror", _noting(errors))
            await page.goto(f"http://{address}")
            await page.get_by_role("button", name="Log in").click()
            status = page.get_by_role("status")
            await expect(status).to_contain_text("WebSocket open, event stream open")
            await page.get_by_label("Say").fill("Hello")
            await page.get_by_role("button", name="Send").click()
            said = page.get_by_role("listitem")
            await expect(said).to_have_text(["ann: Hello"])
            await example["manager"].broadcast_global({"from": "bob", "text": "Hi, Ann"})
            await expect(said).to_have_text(["ann: Hello", "bob: Hi, Ann"])
            assert errors == []
            await page.close()
