"""Whose connections are told when the server stops."""

from __future__ import annotations

from fastapi import FastAPI

from dualwire import ConnectionManager
from dualwire.server import managers_of


def test_a_manager_is_found_in_the_applications_state_and_beside_it() -> None:
    app, one, other = FastAPI(), ConnectionManager(), ConnectionManager()
    app.state.connections = one
    assert managers_of(app) == [one]
    assert managers_of(app, [app, other, one, 3]) == [one, other]
    assert managers_of(lambda: None) == []
