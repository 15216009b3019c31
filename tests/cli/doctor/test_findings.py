"""Findings, and what a person and a machine get of them."""

from __future__ import annotations

import io

from rich.console import Console

from dualwire.cli.doctor.findings import CHECKS, Finding, Report
from dualwire.cli.doctor.page import show

OK = Finding(check="buffering", verdict="ok", seen="5 of 5", expected="all at once")
BAD = Finding(
    check="websocket", verdict="problem", seen="HTTP 404", expected="HTTP 101", advice="upgrade"
)
WARNING = Finding(
    check="compression", verdict="warning", seen="gzip", expected="none", advice="gzip off"
)


def report(*findings: Finding) -> Report:
    made = Report("http://game.example")
    made.add(*findings)
    return made


def page(of: Report) -> str:
    console = Console(file=io.StringIO(), width=100)
    show(of, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_machines_get_everything_in_the_order_of_the_checks() -> None:
    told = report(OK, BAD, WARNING).fields()
    assert [each["check"] for each in told["findings"]] == ["websocket", "compression", "buffering"]
    assert (told["ok"], told["problems"], told["warnings"]) == (False, 1, 1)
    assert told["findings"][0]["advice"] == "upgrade"
    assert report(OK, WARNING).fields()["ok"] is True


def test_people_get_what_is_fine_in_a_line_and_what_is_wrong_with_its_remedy() -> None:
    text = page(report(OK, BAD, WARNING))
    assert "ok       buffering    5 of 5" in text
    assert "all at once" not in text
    assert "expected: HTTP 101" in text
    assert "do: upgrade" in text
    assert text.rstrip().endswith("1 problem and 1 warning.")
    assert page(report(OK)).rstrip().endswith("Nothing is wrong.")


def test_what_a_server_says_is_no_markup() -> None:
    seen = "[red]not red[/red]"
    bad = Finding(check="server", verdict="problem", seen=seen, expected="[b]", advice="[/b]")
    assert seen in page(report(bad))


def test_every_check_says_what_it_looks_at() -> None:
    assert all(CHECKS.values())


def test_what_a_server_says_is_not_obeyed_by_a_terminal() -> None:
    bad = Finding(
        check="server", verdict="problem", seen="a\x1b[2J\u202e", expected="\x07", advice="\x9b1m"
    )
    assert not set(page(report(bad))) & set("\x1b\u202e\x07\x9b")
