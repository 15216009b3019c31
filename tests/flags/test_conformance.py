"""Both kinds of flags keep the contract of their port."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

from dualwire.core.rollout import Rollout
from dualwire.flags import DUAL_CONNECTIONS, OpenFeatureFlags, RolloutFlags
from dualwire.testing import FlagsSubject, flags_cases

LISTS = Rollout(percentage=0, allow=frozenset(("ann",)))


@pytest.mark.parametrize("name", flags_cases())
async def test_rollout(name: str) -> None:
    async def make() -> FlagsSubject:
        flags = RolloutFlags(LISTS)

        def turn_off() -> None:
            flags.rollout = Rollout(enabled=False)

        return FlagsSubject(
            flags=flags, flag=DUAL_CONNECTIONS, on="ann", off="bob", turn_off=turn_off
        )

    await flags_cases()[name](make)


@pytest.mark.parametrize("name", flags_cases())
async def test_rollout_in_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "rollout.json"

    def turn_off() -> None:
        path.write_text('{"enabled": false}')

    async def make() -> FlagsSubject:
        path.write_text(json.dumps(LISTS.fields()))
        return FlagsSubject(
            flags=RolloutFlags(path=path),
            flag=DUAL_CONNECTIONS,
            on="ann",
            off="bob",
            turn_off=turn_off,
        )

    await flags_cases()[name](make)


@pytest.mark.parametrize("name", flags_cases())
async def test_a_provider_of_the_operator(name: str) -> None:
    players = {"ann"}

    def decide(flag: InMemoryFlag[bool], context: EvaluationContext) -> FlagResolutionDetails[bool]:
        return FlagResolutionDetails(value=context.targeting_key in players)

    async def make() -> FlagsSubject:
        players.add("ann")
        flag = InMemoryFlag("on", {"on": True}, context_evaluator=decide)
        domain = secrets.token_hex(4)
        api.set_provider(InMemoryProvider({"colours": flag}), domain)
        return FlagsSubject(
            flags=OpenFeatureFlags(api.get_client(domain)),
            flag="colours",
            on="ann",
            off="bob",
            turn_off=players.clear,
        )

    await flags_cases()[name](make)
