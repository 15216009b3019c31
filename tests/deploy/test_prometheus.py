"""Rules and dashboard speak of metrics that exist, with labels that they have."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from prometheus_client import ProcessCollector

from dualwire import ConnectionManager
from dualwire.http.metrics import Metrics, NodeCollector

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus-rules.yml"
TARGET = {"instance", "job", "le"}
"""Labels that Prometheus itself adds, and those of buckets."""


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deploy_grafana", DEPLOY / "grafana.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


grafana = _script()


def emitted() -> dict[str, set[str]]:
    """Every series that a node has, with its labels."""
    found: dict[str, set[str]] = {}
    process = ProcessCollector(registry=None)
    families = (*NodeCollector(ConnectionManager()).collect(), *process.collect())
    for family in families:
        labels = set(getattr(family, "_labelnames", ()))
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        for ending in endings.get(family.type, ("",)):
            found[family.name + ending] = labels
    return found


def rules() -> list[dict[str, str]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[tuple[str, str]]:
    """Every expression, with where it stands."""
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in grafana.dashboard()["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def names_of(query: str) -> set[str]:
    """Metrics in a query."""
    bare = re.sub(r"\{[^}]*\}", "", query)
    bare = re.sub(r"\b(by|without|ignoring|on) \([^)]*\)", "", bare)
    return set(re.findall(r"\b(?:dualwire|process)[_:][\w:]+", bare))


def labels_of(query: str) -> set[str]:
    """Labels in a query, of its matchers and groupings."""
    matched = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query)
    grouped = re.findall(r"\b(?:by|without|ignoring|on) \(([^)]*)\)", query)
    return {*matched, *(each.strip() for group in grouped for each in group.split(","))}


RECORDED = {rule["record"] for rule in rules() if "record" in rule}


@pytest.mark.parametrize(("place", "query"), list(queries()))
def test_a_query_names_what_is_emitted(place: str, query: str) -> None:
    known = emitted()
    names = names_of(query)
    assert names, f"{place} asks for nothing of ours"
    for name in names - RECORDED:
        assert name in known, f"{place}: nobody emits {name}"
    has = set().union(*(known.get(name, {"arm"}) for name in names)) | TARGET
    assert labels_of(query) <= has, place


def test_a_name_that_nobody_emits_is_found() -> None:
    assert names_of('sum by (arm) (rate(dualwire_nothing_total{a="b"}[5m]))') == {
        "dualwire_nothing_total"
    }
    assert labels_of('sum by (arm, le) (rate(x{a="b",c!~"d"}[5m]))') == {"arm", "le", "a", "c"}
    assert "dualwire_nothing_total" not in emitted()


def test_the_dashboard_is_current() -> None:
    kept = (DEPLOY / "grafana-dashboard.json").read_text()
    assert kept == grafana.text(), "python deploy/grafana.py"


def test_prometheus_takes_the_rules_and_they_ring_when_they_should() -> None:
    for command in (
        ["promtool", "check", "rules", str(RULES)],
        ["promtool", "test", "rules", str(DEPLOY / "prometheus-rules-test.yml")],
    ):
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert found.returncode == 0, found.stdout + found.stderr


def test_prometheus_takes_every_query_of_the_dashboard(tmp_path: Path) -> None:
    recorded = [
        {"record": f"panel:{panel['id']}:{target['refId']}", "expr": plain(target["expr"])}
        for panel in grafana.dashboard()["panels"]
        for target in panel["targets"]
    ]
    path = tmp_path / "panels.yml"
    path.write_text(json.dumps({"groups": [{"name": "panels", "rules": recorded}]}))
    command = ["promtool", "check", "rules", str(path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"{len(recorded)} rules found" in found.stdout


def test_prometheus_has_nothing_to_say_against_the_metrics() -> None:
    text, _ = Metrics(ConnectionManager()).expose("")
    command = ["promtool", "check", "metrics"]
    found = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
    assert b"error" not in found.stderr.lower(), found.stderr


def plain(query: str) -> str:
    return query.replace("$instance", ".*")
