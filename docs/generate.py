"""Writes the parts of the pages that are made from the code.

A page says which part goes where::

    <!-- made: exit_codes -->
    ...
    <!-- /made -->

The name is one of :data:`PARTS`, or ``examples/FILE#PART`` for what stands in that file between
``# -- docs PART --`` and ``# -- end --``, or ``deploy/FILE`` for that file as it is.
``python docs/generate.py`` brings all pages and ``deploy/dualwire.env`` up to date; the tests fail
while one is not.
"""

from __future__ import annotations

import ast
import inspect
import io
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import typer
from prometheus_client import ProcessCollector
from rich.console import Console

from dualwire import ConnectionManager
from dualwire.cli import app, exit_codes
from dualwire.cli.doctor.findings import CHECKS, Report
from dualwire.cli.doctor.judgement import Delays, judge_buffering, judge_round_trips
from dualwire.cli.doctor.page import show
from dualwire.cli.doctor.places import NGINX
from dualwire.codes import CODES, Code
from dualwire.config import Config
from dualwire.core.lifecycle import TRANSITIONS, State
from dualwire.http.metrics import NodeCollector
from dualwire.settings import PREFIX, PROFILES, Settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ENVIRONMENT = ROOT / "deploy/dualwire.env"
PLACE = re.compile(r"(<!-- made: (\S+) -->\n).*?(<!-- /made -->)", re.DOTALL)

TASKS: dict[str, tuple[str, ...]] = {
    "Begin and end": ("lifespan", "start", "drain", "stop", "adopt"),
    "Open connections": (
        "connect_websocket", "serve_websocket", "connect_sse", "sse_events", "reserve_sse",
        "open_sse", "take_sse", "reserve_websocket", "take_websocket", "handle_new_game_session",
    ),
    "End connections": (
        "disconnect", "disconnect_player", "revoke_player", "revoke_session", "revoke_token",
        "disconnect_websocket", "disconnect_sse",
        "cleanup_dead_connections",
    ),
    "Send": (
        "send_personal_message", "broadcast_to_room", "broadcast_global", "send_to_connection",
        "deliver", "send_confirmed",
    ),
    "Rooms": ("subscribe_to_room", "unsubscribe_from_room", "get_room_occupants"),
    "Be called back": (
        "on_command", "on_player_online", "on_player_offline", "on_connection_opened",
        "on_connection_closed", "authorize",
    ),
    "Look": (
        "get_online_players", "describe_player", "get_active_connections", "connection_id_of",
        "check_connection_health", "get_acknowledged_lag",
    ),
    "Live views in the older shapes": (
        "active_websockets", "player_websockets", "active_sse_connections", "connection_metadata",
        "online_players", "room_subscriptions", "message_queue",
    ),
    "Older names": (
        "force_disconnect_player", "handle_new_login", "disconnect_connection_by_id",
        "mark_player_seen", "has_websocket_connection", "has_sse_connection",
        "get_connection_count", "get_active_connection_count", "get_online_player_by_display_name",
        "get_pending_messages", "get_player_session", "validate_session",
        "get_session_connections", "detect_and_handle_error_state",
    ),
}  # fmt: skip
"""Every public call of ``ConnectionManager``, by what it is for."""

INNER = {"config", "inbound", "node", "take_message"}
"""Public for the layers around, not part of the API."""


def codes() -> Iterator[str]:
    """The table of close codes."""
    yield "| code | name | reconnect | HTTP | what it says to a person |"
    yield "| --- | --- | --- | --- | --- |"
    for code in CODES.values():
        again = "yes" if code.reconnect else "no"
        yield f"| {code.number} | `{code.name}` | {again} | {code.http} | {code.reason} |"


def found_exit_codes() -> Iterator[str]:
    """The table of exit codes of the command line."""
    texts = _documented(Path(inspect.getfile(exit_codes)), None)
    yield "| code | name | meaning |"
    yield "| --- | --- | --- |"
    for name in sorted(exit_codes.__all__, key=lambda each: getattr(exit_codes, each)):
        text = texts.get(name, "It went well.")
        yield f"| {getattr(exit_codes, name)} | `{name}` | {text} |"


def commands() -> Iterator[str]:
    """What each command of the command line takes."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        taken = [_argument(each) for each in arguments]
        yield f"### {' '.join(['dualwire', name, *taken])}"
        yield ""
        yield " ".join((command.help or "").split())
        yield ""
        rows = [_option(each) for each in command.params if each.param_type_name == "option"]
        rows = [each for each in rows if not each.startswith("| `--help`")]
        told = [
            f"| `{_argument(each).strip('[]')}` | {_default_of(each)} | {each.help} |"
            for each in arguments
            if each.help
        ]
        if told or rows:
            yield "| argument, option | default | meaning |"
            yield "| --- | --- | --- |"
            yield from told
            yield from rows
            yield ""


def _argument(argument: Any) -> str:
    shown = argument.metavar or argument.name.upper()
    return shown if argument.required else f"[{shown}]"


def _option(option: Any) -> str:
    name = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    text = _plain(option.help or "")
    if option.envvar:
        text += f" Or `{option.envvar}`."
    return f"| {name} | {_default_of(option)} | {text} |"


def _default_of(parameter: Any) -> str:
    value = parameter.default
    # A flag that is off, or what is simply not given.
    return "" if value in (None, False) or parameter.required else f"`{value}`"


def doctor_checks() -> Iterator[str]:
    """What ``dualwire doctor`` looks at."""
    yield "| check | what is looked at |"
    yield "| --- | --- |"
    for name, text in CHECKS.items():
        yield f"| `{name}` | {text} |"


def doctor_report() -> Iterator[str]:
    """A part of what ``dualwire doctor`` says, as it says it."""
    report = Report("https://game.example")
    held = Delays(arrived=(), missing=2, waited=2.0, flushed_after=4096)
    trips = judge_round_trips({"websocket": [0.031], "sse": []})
    report.add(judge_buffering(held, NGINX), trips)
    console = Console(file=io.StringIO(), width=96)
    show(report, console)
    assert isinstance(console.file, io.StringIO)
    yield "```text"
    yield from (line.rstrip() for line in console.file.getvalue().strip("\n").splitlines())
    yield "```"


def metrics() -> Iterator[str]:
    """The table of metrics, as one scrape of a fresh node gives them."""
    yield "| name | kind | labels | meaning |"
    yield "| --- | --- | --- | --- |"
    process = ProcessCollector(registry=None)
    for family in (*NodeCollector(ConnectionManager()).collect(), *process.collect()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        # Without a sample yet there is nothing to read labels from but the family itself.
        labels = ", ".join(f"`{each}`" for each in getattr(family, "_labelnames", ()))
        yield f"| `{name}` | {family.type} | {labels} | {family.documentation} |"


def python_api() -> Iterator[str]:
    """The calls of ``ConnectionManager`` by task."""
    attributes = _documented(ROOT / "src/dualwire/manager/looking.py", "__init__")
    for task, names in TASKS.items():
        yield f"### {task}"
        yield ""
        yield "| call | what it does |"
        yield "| --- | --- |"
        for name in names:
            member = inspect.getattr_static(ConnectionManager, name, None)
            text = attributes[name] if member is None else _promise(member)
            shown = name if member is None or isinstance(member, property) else _call(name, member)
            yield f"| `{shown}` | {_plain(text)} |"
        yield ""


def settings() -> Iterator[str]:
    """Every setting with its environment variable, its default and its meaning."""
    config_texts = _documented(ROOT / "src/dualwire/config.py", None)
    own_texts = _documented(ROOT / "src/dualwire/settings.py", None)
    options = {option.name: option for option in fields(Config)}
    yield from _head("Process", "`dualwire serve` reads these; a library user does not meet them.")
    for name, field in Settings.model_fields.items():
        if name not in options:
            yield _row(PREFIX + name, field.default, own_texts.get(f"Settings.{name}", ""))
    yield ""
    yield from _head("Connection layer", "`Config(...)` in Python.")
    for name, option in options.items():
        if option.default is not MISSING:
            yield _row(PREFIX + name, option.default, config_texts.get(f"Config.{name}", ""))
    yield ""
    for name, option in options.items():
        if option.default_factory is MISSING:
            continue
        group = option.default_factory()
        assert is_dataclass(group)
        kind = type(group).__name__
        about = inspect.getdoc(type(group)) or ""
        yield from _head(f"`Config.{name}`: `{kind}`", " ".join(about.split()))
        for part in fields(group):
            text = config_texts.get(f"{kind}.{part.name}", "")
            yield _row(f"{PREFIX}{name}__{part.name}", getattr(group, part.name), text)
        yield ""


def profiles() -> Iterator[str]:
    """What each profile changes."""
    yield "| profile | changes |"
    yield "| --- | --- |"
    for name, changes in PROFILES.items():
        told = ", ".join(f"`{key}` = `{_shown(value)}`" for key, value in changes.items())
        yield f"| `{name}` | {told or 'nothing'} |"


def connection_states() -> Iterator[str]:
    """The life of a connection as a diagram."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    %% connection-states"
    yield f"    [*] --> {State.RESERVED.value}"
    for state, steps in TRANSITIONS.items():
        for step, following in steps.items():
            yield f"    {state.value} --> {following.value}: {step.value}"
    yield f"    {State.CLOSED.value} --> [*]"
    yield "```"


def environment() -> str:
    """Every setting as an environment file: what it means, and its default."""
    config_texts = _documented(ROOT / "src/dualwire/config.py", None)
    own_texts = _documented(ROOT / "src/dualwire/settings.py", None)
    options = {option.name: option for option in fields(Config)}
    lines = [
        "# Settings of dualwire: /etc/dualwire/dualwire.env for the systemd unit. Made from the",
        "# code by docs/generate.py. Each line shows the default; take the # away to change it.",
    ]
    for name, field in Settings.model_fields.items():
        if name not in options:
            text = own_texts.get(f"Settings.{name}", "")
            lines += _setting(f"{PREFIX}{name}", field.default, text)
    for name, option in options.items():
        if option.default is not MISSING:
            text = config_texts.get(f"Config.{name}", "")
            lines += _setting(f"{PREFIX}{name}", option.default, text)
        elif option.default_factory is not MISSING:
            group = option.default_factory()
            assert is_dataclass(group)
            lines += ["", f"# ---- {name}"]
            for part in fields(group):
                text = config_texts.get(f"{type(group).__name__}.{part.name}", "")
                value = getattr(group, part.name)
                lines += _setting(f"{PREFIX}{name}__{part.name}", value, text)
    return "\n".join(lines) + "\n"


def _setting(name: str, default: Any, text: str) -> Iterator[str]:
    yield ""
    yield from textwrap.wrap(
        _plain(text).replace("`", ""), 98, initial_indent="# ", subsequent_indent="# "
    )
    shown = "none" if default is None else _shown(default)
    yield f"#{name.upper()}={shown}"


def deployed(name: str) -> Iterator[str]:
    """A file of ``deploy/``, as a code block."""
    language = {"nginx.conf": "nginx", "dualwire.service": "ini"}.get(name, "text")
    yield f"```{language}"
    yield (ROOT / "deploy" / name).read_text().strip("\n")
    yield "```"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "codes": codes,
    "commands": commands,
    "connection_states": connection_states,
    "doctor_checks": doctor_checks,
    "doctor_report": doctor_report,
    "exit_codes": found_exit_codes,
    "metrics": metrics,
    "profiles": profiles,
    "python_api": python_api,
    "settings": settings,
}


def example(place: str) -> Iterator[str]:
    """A part of an example, as a code block."""
    path, _, part = place.partition("#")
    text = (ROOT / path).read_text()
    language, mark = ("python", "#") if path.endswith(".py") else (path.rpartition(".")[2], "//")
    _, begin, rest = text.partition(f"{mark} -- docs {part} --\n")
    code, end, _ = rest.partition(f"{mark} -- end --\n")
    if not begin or not end:
        raise ValueError(
            f"{path} has no part {part!r} as '{mark} -- docs {part} --' to '{mark} -- end --'"
        )
    yield f"```{language}"
    yield code.strip("\n")
    yield "```"


def current(text: str) -> str:
    """A page with its made parts as the code has them now."""

    def make(found: re.Match[str]) -> str:
        name = found[2]
        if name.startswith("deploy/"):
            lines = deployed(name.removeprefix("deploy/"))
        else:
            lines = example(name) if "#" in name else PARTS[name]()
        body = "\n".join(lines).strip("\n")
        return f"{found[1]}\n{body}\n\n{found[3]}"

    return PLACE.sub(make, text)


def _head(title: str, about: str) -> Iterator[str]:
    yield f"### {title}"
    yield ""
    yield about
    yield ""
    yield "| variable | default | meaning |"
    yield "| --- | --- | --- |"


def _row(variable: str, default: Any, text: str) -> str:
    return f"| `{variable.upper()}` | {_default(default)} | {_plain(text)} |"


def _default(value: Any) -> str:
    return "off" if value is None else f"`{_shown(value)}`" if _shown(value) else "none"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _call(name: str, member: Any) -> str:
    shown: list[str] = []
    for each in inspect.signature(member).parameters.values():
        if each.kind is each.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        if each.kind is each.VAR_KEYWORD:
            shown.append(f"**{each.name}")
        elif each.default is not each.empty:
            shown.append(f"{each.name}={_value(each.default)}")
        elif each.name != "self":
            shown.append(each.name)
    return f"{name}({', '.join(shown)})"


def _value(default: object) -> str:
    return default.name.upper() if isinstance(default, Code) else repr(default)


def _promise(member: Any) -> str:
    """The first paragraph of a docstring."""
    return (inspect.getdoc(member) or "").partition("\n\n")[0].removesuffix("::")


def _plain(text: str) -> str:
    """A docstring's text as one cell of a table."""
    text = re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", " ".join(text.split()))
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", "\\|")


def _documented(path: Path, within: str | None) -> dict[str, str]:
    """The strings that stand below assignments, by name (``Class.name`` within classes)."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Module | ast.ClassDef):
            prefix = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
        elif isinstance(node, ast.FunctionDef) and node.name == within:
            prefix = ""
        else:
            continue
        for before, after in zip(node.body, node.body[1:], strict=False):
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                for name in _targets(before):
                    found[prefix + name] = str(after.value.value)
    return found


def _targets(node: ast.stmt) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else getattr(node, "target", None)
    for target in targets if isinstance(targets, list) else [targets]:
        if isinstance(target, ast.Name):
            yield target.id
        elif isinstance(target, ast.Attribute):
            yield target.attr


def main() -> None:
    """Bring all pages up to date."""
    for page in PAGES:
        before = page.read_text()
        after = current(before)
        if after != before:
            page.write_text(after)
            sys.stdout.write(f"made {page.relative_to(ROOT)}\n")
    ENVIRONMENT.write_text(environment())


if __name__ == "__main__":
    main()
