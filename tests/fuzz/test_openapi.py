"""The HTTP API does what its OpenAPI document says, whatever schemathesis makes of that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dualwire import Config, ConnectionManager
from dualwire.http import JWTAuthenticator, realtime_router

from .world import SECRET, UNLIMITED

DOCUMENTED = Path(__file__).parents[2] / "docs" / "reference" / "endpoints.md"
ANSWERS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
)

manager = ConnectionManager(config=Config(rates=UNLIMITED), secret=SECRET)
auth = JWTAuthenticator(SECRET)
app = FastAPI()
app.include_router(realtime_router(manager, auth))

# Event streams have no end that a client of this kind would see: ``test_surfaces`` opens them.
api = schemathesis.openapi.from_asgi("/openapi.json", app).exclude(path_regex="^/api/events")


@api.parametrize()
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_those_of_the_document(case: Any) -> None:
    case.headers = {
        **(case.headers or {}),
        "Authorization": f"Bearer {auth.issue('mallory', name='Mallory')}",
    }
    case.call_and_validate(checks=ANSWERS)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, operation)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    operations(),
    ids=[f"{method} {path}" for method, path, _ in operations()],
)
def test_the_document_is_complete(method: str, path: str, operation: dict[str, Any]) -> None:
    named = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
    assert named == set(re.findall(r"{(\w+)}", path))
    assert {"401", "503"} <= set(operation["responses"])
    assert ("requestBody" in operation) == (method == "POST")
    # What people read says nothing that the document does not.
    row = f"| {method} | `{path}` |"
    (line,) = [line for line in DOCUMENTED.read_text().splitlines() if line.startswith(row)]
    assert set(re.findall(r"\b[2-5]\d\d\b", line)) <= set(operation["responses"])
