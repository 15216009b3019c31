"""A developer edits a component while the page runs: the connection lives on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import runpy
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.live import serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parent.parent.parent
MODULES = ROOT / "clients" / "js" / "node_modules"

CONFIG = """
import react from "@vitejs/plugin-react";

const application = {{ target: "http://{address}", ws: true }};

export default {{
  plugins: [react()],
  cacheDir: "vite",
  clearScreen: false,
  resolve: {{ conditions: ["dualwire-source", "module", "browser", "development|production"] }},
  server: {{
    host: "127.0.0.1",
    port: 0,
    fs: {{ strict: false }},
    proxy: {{ "/api": application, "/login": application }},
  }},
}};
"""


@contextlib.asynccontextmanager
async def developing(project: Path, address: str) -> AsyncIterator[str]:
    """Vite's development server for a project, in front of an application; gives its URL."""
    (project / "vite.config.js").write_text(CONFIG.format(address=address))
    (project / "node_modules").symlink_to(MODULES)
    process = await asyncio.create_subprocess_exec(
        "node",
        str(MODULES / "vite" / "bin" / "vite.js"),
        cwd=project,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        assert process.stdout is not None
        said = ""
        while (found := re.search(r"Local: +(\S+)/", said)) is None:
            line = await process.stdout.readline()
            assert line, f"Vite ended: {said}"
            said += line.decode()
        yield found[1]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.communicate()


def edit(file: Path, changes: dict[str, str]) -> None:
    """Replace texts, in one write."""
    text = file.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    file.write_text(text)


@pytest.mark.timeout(120)
async def test_the_connection_outlives_edits_of_a_component(
    browser: Browser, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "browser_react", project)
    chat = project / "Chat.jsx"
    example = runpy.run_path(str(ROOT / "examples" / "existing_fastapi" / "app.py"))
    manager = example["manager"]
    opened: list[str] = []
    manager.on_connection_opened(lambda _, connection_id: opened.append(connection_id))
    async with serving(example["app"]) as address, developing(project, address) as url:
        page = await browser.new_page()
        await page.goto(url)
        await page.get_by_role("button", name="Log in").click()
        status, said = page.get_by_role("status"), page.get_by_role("listitem")
        await expect(status).to_contain_text("WebSocket open, event stream open")
        await manager.broadcast_global({"from": "bob", "text": "before"})
        await expect(said).to_have_text(["bob: before"])
        connections = manager.get_active_connections("ann")
        session = manager.get_player_session("ann")
        await page.evaluate("window.sameDocument = true")

        # What a component looks like: its state stays.
        edit(chat, {"Say <input": "Speak <input"})
        await expect(page.get_by_label("Speak")).to_be_visible()
        await expect(said).to_have_text(["bob: before"])

        # What hooks it has: it is taken out and put in again, with fresh state.
        hook = "const [hint] = useState('Aloud');"
        edit(chat, {"const [lines,": f"{hook} const [lines,", "Speak <input": "{hint} <input"})
        await expect(page.get_by_label("Aloud")).to_be_visible()
        await manager.broadcast_global({"from": "bob", "text": "after"})
        await expect(said.last).to_have_text("bob: after")
        await expect(status).to_contain_text("WebSocket open, event stream open")

        assert await page.evaluate("window.sameDocument")
        assert manager.get_active_connections("ann") == connections
        assert manager.get_player_session("ann") == session
        assert sorted(opened) == sorted(each for ids in connections.values() for each in ids)
        await page.close()
