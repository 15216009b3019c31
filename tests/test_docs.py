"""What the documentation says is so: links, code, tables and diagrams, checked against the code."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from fastapi.routing import APIRoute, APIRouter
from starlette.routing import WebSocketRoute

from dualwire import ConnectionManager
from dualwire.cli import app, exit_codes
from dualwire.codes import CODES
from dualwire.core.lifecycle import TRANSITIONS
from dualwire.http import JWTAuthenticator, admin_router, monitoring_router, realtime_router
from dualwire.http.metrics import Metrics
from dualwire.settings import variables
from tests.test_layers import LAYERS

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING"))]
LOGGING = {f"log.{level}" for level in ("debug", "info", "warning", "error", "exception")}
PAGES += sorted(DOCS.rglob("*.md"))


def _script(name: str) -> ModuleType:
    """One of the scripts that stand beside the pages."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate, hooks = _script("generate"), _script("hooks")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text()


def _blocks(page: Path, language: str) -> Iterator[str]:
    pattern = rf"^( *)```{language}\n(.*?)^\1```$"
    for found in re.finditer(pattern, page.read_text(), re.DOTALL | re.MULTILINE):
        yield re.sub(rf"^{found[1]}", "", found[2], flags=re.MULTILINE)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http:", "https:")):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} does not exist"
        assert not anchor or anchor in _anchors(found), f"{target}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_python_is_python_and_calls_what_exists(page: Path) -> None:
    for code in _blocks(page, "python"):
        compile(code, _name(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        for called in re.findall(r"\bmanager\.(\w+)", code):
            assert hasattr(ConnectionManager, called), called


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_made_parts_are_current(page: Path) -> None:
    assert generate.current(page.read_text()) == page.read_text(), "python docs/generate.py"


def test_the_environment_file_is_current() -> None:
    assert generate.ENVIRONMENT.read_text() == generate.environment(), "python docs/generate.py"


def test_a_made_part_that_is_old_is_found() -> None:
    page = "<!-- made: codes -->\n| 4000 | old |\n<!-- /made -->\n"
    assert "session_replaced" in generate.current(page)
    assert "old" not in generate.current(page)


def test_a_part_that_no_example_has_is_named() -> None:
    with pytest.raises(ValueError, match=r"app.py has no part 'nothing'"):
        list(generate.example("examples/minimal/app.py#nothing"))


def test_the_readmes_application_is_the_example_and_has_ten_lines() -> None:
    (code,) = _blocks(ROOT / "README.md", "python")
    assert code.strip() in (ROOT / "examples/minimal/app.py").read_text()
    imports = ("from ", "import ")
    lines = [each for each in code.splitlines() if each and not each.startswith(imports)]
    assert len(lines) <= 10


def test_every_public_call_has_its_task() -> None:
    told = [name for names in generate.TASKS.values() for name in names]
    public = {name for name in dir(ConnectionManager()) if not name.startswith("_")}
    assert sorted(told) == sorted(public - generate.INNER)


def test_every_setting_is_told_with_a_meaning() -> None:
    rows = dict(re.findall(r"^\| `(DUALWIRE_\w+)` \|.*\| (.*) \|$", _reference("settings"), re.M))
    assert sorted(rows) == variables()
    assert all(rows.values()), [name for name, meaning in rows.items() if not meaning]


def test_every_code_and_exit_code_is_told() -> None:
    for number in CODES:
        assert f"| {number} | `" in _reference("codes")
    for name in exit_codes.__all__:
        assert f"| {getattr(exit_codes, name)} | `{name}` |" in _reference("cli")


def test_every_command_is_told() -> None:
    told = re.findall(r"^\| `dualwire (\w+)`", _reference("cli"), re.MULTILINE)
    assert sorted(told) == sorted(str(each.name) for each in app.registered_commands)


async def test_every_metric_is_told() -> None:
    text, _ = Metrics(ConnectionManager()).expose("")
    exposed = set(re.findall(r"^# TYPE (\w+)", text.decode(), re.MULTILINE))
    told = set(re.findall(r"^\| `(\w+)` \|", _reference("metrics"), re.MULTILINE))
    assert exposed == told


def test_every_endpoint_is_told() -> None:
    manager = ConnectionManager()
    authenticator = JWTAuthenticator("x" * 32)
    routers: list[APIRouter] = [
        realtime_router(manager, authenticator),
        monitoring_router(manager),
        admin_router(manager, "key"),
    ]
    served = set()
    for route in (each for router in routers for each in router.routes):
        if isinstance(route, APIRoute):
            served |= {(method, route.path) for method in route.methods or ()}
        elif isinstance(route, WebSocketRoute):
            served.add(("WebSocket", route.path))
    served = {(method, path) for method, path in served if method not in ("OPTIONS", "HEAD")}
    told = re.findall(r"^\| (\w+) \| `(/\S+)` \|", _reference("endpoints"), re.MULTILINE)
    assert sorted(told) == sorted(served)


def test_every_event_of_the_log_is_told() -> None:
    logged = set()
    for path in (ROOT / "src/dualwire").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in LOGGING:
                assert isinstance(node.args[0], ast.Constant), path
                logged.add(node.args[0].value)
    page = (DOCS / "how-to/operate.md").read_text().partition("## Logs")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.+?`) \| \w+", page, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == logged


def test_the_diagram_of_states_has_exactly_the_tables_arrows() -> None:
    text = "".join(_blocks(DOCS / "design.md", "mermaid"))
    drawn = re.findall(r"^ *(\w+) --> (\w+): (\w+)$", text, re.MULTILINE)
    table = [
        (state.value, following.value, step.value)
        for state, steps in TRANSITIONS.items()
        for step, following in steps.items()
    ]
    assert sorted(drawn) == sorted(table)


def test_the_layers_are_those_of_the_test() -> None:
    text = (DOCS / "design.md").read_text().partition("## Layers")[2].partition("\n## ")[0]
    told = [re.findall(r"`(\w+)`", row) for row in re.findall(r"^\| (`.+?) \|", text, re.M)]
    flat = [name for row in told for name in row]
    order = {name: index for index, layer in enumerate(LAYERS) for name in layer}
    assert sorted(flat) == sorted(order)
    for upper, lower in zip(told[1:], told, strict=False):
        assert min(order[each] for each in upper) > max(order[each] for each in lower)


def test_drawings_are_those_of_the_diagrams() -> None:
    named = set()
    for page in DOCS.rglob("*.md"):
        for text in _blocks(page, "mermaid"):
            name = hooks.name_of(text)
            named.add(f"{name}.svg")
            drawn = (DOCS / "diagrams" / f"{name}.svg").read_text()
            assert drawn.startswith(hooks.digest_of(text)), "python docs/render_diagrams.py"
    assert named == {path.name for path in (DOCS / "diagrams").iterdir()}


def test_a_diagram_needs_a_name() -> None:
    with pytest.raises(ValueError, match="needs a line '%% NAME'"):
        hooks.name_of("flowchart LR\n    a --> b\n")


def test_the_promises_name_tests_that_exist() -> None:
    text = (DOCS / "promises.md").read_text()
    known = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"\btest_\w+", text)
    assert names
    for name in names:
        assert f"def {name}" in known or list((ROOT / "tests").rglob(f"{name}.py")), name
    groups = {"functional": "", "defects?": "0", "disconnection": "", "non-disconnection": ""}
    for group, fill in groups.items():
        named = re.findall(rf"(?<![\w-]){group} ((?:\d+(?:, )?)+)", text)
        assert named, group
        for number in re.findall(r"\d+", " ".join(named)):
            name = f"{group.rstrip('s?').replace('-', '_')}_{number.rjust(2, fill or ' ').strip()}_"
            assert f"def test_{name}" in known, name


def test_the_security_page_names_tests_that_exist() -> None:
    known = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    names = re.findall(r"`(test_\w+)`", (DOCS / "security.md").read_text())
    assert len(names) > 20
    for name in names:
        assert f"def {name}" in known or list((ROOT / "tests").rglob(f"{name}.py")), name


def test_every_page_has_its_place_in_the_site() -> None:
    told = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert told == {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
