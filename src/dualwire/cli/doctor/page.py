"""What a person reads of a report."""

from __future__ import annotations

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from .findings import CHECKS, Finding, Report, Verdict

__all__ = ["show"]

MARKS: dict[Verdict, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "warning": ("warning", "yellow"),
    "problem": ("problem", "bold red"),
}


def show(report: Report, console: Console) -> None:
    """Print a report: what is wrong with its remedy, and what is fine in one line each."""
    order = list(CHECKS)
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    for finding in sorted(report.findings, key=lambda each: order.index(each.check)):
        mark, style = MARKS[finding.verdict]
        table.add_row(Text(mark, style), finding.check.replace("_", " "), _told(finding))
    console.print(Text(report.url, "bold"))
    console.print(Padding(table, (1, 0)))
    console.print(_summary(report))


def _told(finding: Finding) -> Group | Text:
    if finding.verdict == "ok":
        return Text(_clean(finding.seen))
    return Group(
        Text(_clean(finding.seen), "bold"),
        Text.assemble(("expected: ", "dim"), _clean(finding.expected)),
        Text.assemble(("do: ", "dim"), _clean(finding.advice)),
    )


def _clean(text: str) -> str:
    """Without what a terminal would obey: a server says some of it."""
    return "".join(char for char in text if char.isprintable())


def _summary(report: Report) -> Text:
    problems, warnings = report.count("problem"), report.count("warning")
    if not problems and not warnings:
        return Text("Nothing is wrong.", "bold green")
    parts = [_counted(problems, "problem"), _counted(warnings, "warning")]
    told = " and ".join(part for part in parts if part)
    return Text(f"{told}.", "bold red" if problems else "bold yellow")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}" if count else ""
