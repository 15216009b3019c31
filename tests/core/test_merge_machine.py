"""Whatever happens in whatever order: nothing twice, nothing out of order, nothing lost unsaid."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from .merge_machine import MergeMachine

TestMergeMachine = MergeMachine.TestCase
TestMergeMachine.settings = settings(
    max_examples=250,
    stateful_step_count=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
