from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from dualwire.codes import RATE_LIMITED
from dualwire.demo.account_file import AccountFile
from dualwire.demo.accounts import AccountPolicy, Accounts
from dualwire.exceptions import (
    AuthenticationError,
    CapacityError,
    ConfigurationError,
    RefusedError,
)
from dualwire.testing import ManualClock

HERE = "192.0.2.1"


def accounts(
    policy: AccountPolicy | None = None, path: Path | None = None, clock: ManualClock | None = None
) -> Accounts:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return Accounts(policy, path=path, clock=clock or ManualClock(), hasher=cheap)


async def test_whoever_registered_may_log_in() -> None:
    book = accounts()
    made = await book.register("Ada", "secret", HERE)
    found = await book.login("aDA", "secret", HERE)
    assert found == made
    assert (found.name, found.guest) == ("Ada", False)
    assert book.name_of(found.player_id) == "Ada"
    assert book.name_of("nobody") is None


@pytest.mark.parametrize("name", ["Ada", "ada", "ADA"])
async def test_a_name_is_taken_whatever_its_case(name: str) -> None:
    book = accounts()
    await book.register("Ada", "secret", HERE)
    with pytest.raises(RefusedError, match=r"^Username already exists$") as raised:
        await book.register(name, "other", HERE)
    assert raised.value.code.http == 400


async def test_processes_share_a_file(tmp_path: Path) -> None:
    here, there = (accounts(path=tmp_path / "accounts.json") for _ in range(2))
    ada = await here.register("Ada", "secret", HERE)
    assert await there.login("ada", "secret", HERE) == ada
    assert there.name_of(ada.player_id) == "Ada"
    bob, eve = await asyncio.gather(
        here.register("Bob", "secret", HERE), there.register("Eve", "secret", HERE)
    )
    for book in (here, there, accounts(path=tmp_path / "accounts.json")):
        assert await book.login("ada", "secret", HERE) == ada
        assert await book.login("bob", "secret", HERE) == bob
        assert await book.login("eve", "secret", HERE) == eve


async def test_two_processes_that_want_a_name_at_once(tmp_path: Path) -> None:
    books = [accounts(path=tmp_path / "accounts.json") for _ in range(3)]
    outcomes = await asyncio.gather(
        *(book.register("Ada", f"secret-{n}", HERE) for n, book in enumerate(books)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, RefusedError) for each in outcomes) == 2
    (n,) = (n for n, each in enumerate(outcomes) if not isinstance(each, BaseException))
    for book in books:
        assert (await book.login("Ada", f"secret-{n}", HERE)).name == "Ada"


async def test_two_who_want_a_name_at_once() -> None:
    book = accounts()
    outcomes = await asyncio.gather(
        *(book.register("Ada", "secret", HERE) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(each, RefusedError) for each in outcomes) == 2


@pytest.mark.parametrize(
    "name", ["", "a", "x" * 21, "two words", "<b>", "-ada", "ad\u00e4", "a\nb"]
)
async def test_names_that_cannot_be_used(name: str) -> None:
    with pytest.raises(RefusedError, match="expected 2 to 20 letters") as raised:
        await accounts().register(name, "secret", HERE)
    assert raised.value.code.http == 422


@pytest.mark.parametrize("name", ["Al", "O'Hara", "x_y-z", "1692", "x" * 20])
async def test_names_that_can(name: str) -> None:
    assert (await accounts().register(name, "secret", HERE)).name == name


@pytest.mark.parametrize("password", ["", "x" * 257])
async def test_passwords_that_cannot_be_used(password: str) -> None:
    book = accounts()
    for call in (book.register, book.login):
        with pytest.raises(RefusedError, match="password: expected 1 to 256") as raised:
            await call("Ada", password, HERE)
        assert raised.value.code.http == 422
        assert "xx" not in str(raised.value)


async def test_a_wrong_password_and_an_unknown_name_look_the_same() -> None:
    book = accounts()
    await book.register("Ada", "secret", HERE)
    for name in ("Ada", "Bob"):
        with pytest.raises(AuthenticationError, match=r"^Invalid credentials$"):
            await book.login(name, "guess", HERE)


async def test_an_unknown_name_is_worked_on_as_well() -> None:
    worked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:
            worked.append(str(hash))
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    book = Accounts(clock=ManualClock(), hasher=hasher)
    for _ in range(2):
        with pytest.raises(AuthenticationError):
            await book.login("Bob", "guess", HERE)
    assert len(worked) == 2


async def test_attempts_are_limited_per_address() -> None:
    book = accounts()
    for _ in range(10):
        with pytest.raises(AuthenticationError):
            await book.login("Ada", "guess", HERE)
    with pytest.raises(CapacityError, match="at most 10 per 60 s") as raised:
        await book.login("Ada", "guess", HERE)
    assert raised.value.code is RATE_LIMITED
    assert raised.value.retry_after is not None
    assert 1 <= raised.value.retry_after <= 60
    with pytest.raises(AuthenticationError):
        await book.login("Ada", "guess", "192.0.2.2")


async def test_registrations_are_limited_per_address_and_in_all() -> None:
    book = accounts(AccountPolicy(registrations_per_hour=2, accounts=3))
    for name in ("Ada", "Bob"):
        await book.register(name, "secret", HERE)
    with pytest.raises(CapacityError, match="at most 2 per 3600 s"):
        await book.register("Eve", "secret", HERE)
    await book.register("Eve", "secret", "192.0.2.2")
    with pytest.raises(CapacityError, match="no more accounts"):
        await book.register("Zoe", "secret", "192.0.2.3")


async def test_guests_are_limited_per_address_and_in_all_and_expire() -> None:
    clock = ManualClock()
    policy = AccountPolicy(guests=3, guests_per_address=2, guest_life=100.0)
    book = accounts(policy, clock=clock)
    first, second = book.guest(HERE), book.guest(HERE)
    assert first.guest
    assert first.life == 100.0
    assert first.name != second.name
    assert book.name_of(first.player_id) == first.name
    clock.shift(40.0)
    with pytest.raises(CapacityError, match="at most 2 guests") as raised:
        book.guest(HERE)
    assert raised.value.retry_after == 60
    book.guest("192.0.2.2")
    with pytest.raises(CapacityError, match="at most 3 guests"):
        book.guest("192.0.2.3")
    clock.shift(60.0)
    book.guest(HERE)
    assert book.name_of(first.player_id) is None


async def test_accounts_outlive_the_process(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    made = await accounts(path=path).register("Ada", "secret", HERE)
    await accounts(path=path).register("Bob", "secret", HERE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == [".accounts.json.lock", "accounts.json"]
    assert "secret" not in path.read_text()
    again = accounts(path=path)
    assert await again.login("ada", "secret", HERE) == made
    assert again.name_of(made.player_id) == "Ada"
    with pytest.raises(RefusedError, match="already exists"):
        await again.register("bob", "secret", HERE)


async def test_many_who_register_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    book = accounts(path=path)
    names = [f"name{number}" for number in range(8)]
    await asyncio.gather(*(book.register(name, "secret", HERE) for name in names))
    assert {each.name for each in AccountFile(path).load()} == set(names)


async def test_an_account_that_cannot_be_kept_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    book = accounts(path=folder / "accounts.json")
    with pytest.raises(RefusedError, match="could not be kept") as raised:
        await book.register("Ada", "secret", HERE)
    assert raised.value.code.http == 503
    with pytest.raises(AuthenticationError):
        await book.login("Ada", "secret", HERE)
    folder.mkdir()
    await book.register("Ada", "secret", HERE)


@pytest.mark.parametrize("text", ["", "[]", '{"accounts": [{"name": "Ada"}]}'])
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "accounts.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="a readable account file"):
        accounts(path=path)


async def test_a_damaged_hash_is_a_wrong_password(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    stored = {"player_id": "1", "name": "Ada", "password": "not a hash"}
    path.write_text(json.dumps({"version": 1, "accounts": [stored]}))
    with pytest.raises(AuthenticationError):
        await accounts(path=path).login("Ada", "secret", HERE)


def test_a_policy_has_positive_numbers() -> None:
    with pytest.raises(ConfigurationError, match="guests: expected a number above 0, got 0"):
        AccountPolicy(guests=0)
