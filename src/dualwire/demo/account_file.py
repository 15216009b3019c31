"""Accounts on disk: one JSON file that only its owner can read, replaced as a whole."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from ..codes import DRAINING
from ..exceptions import ConfigurationError, RefusedError

__all__ = ["AccountFile", "StoredAccount"]

log = structlog.get_logger("dualwire")


class StoredAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account as it is kept."""

    player_id: str
    name: str
    password: str
    """Its argon2 hash."""


class _Contents(msgspec.Struct, kw_only=True):
    version: int = 1
    accounts: list[StoredAccount]


class AccountFile:
    """Reads and replaces one file.

    Args:
        path: the file; it need not exist yet, its folder must.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saving = asyncio.Lock()
        self._saved: dict[str, StoredAccount] = {}

    def load(self) -> list[StoredAccount]:
        """What is in the file; nothing if there is none.

        Raises:
            ConfigurationError: it is no account file.
        """
        try:
            contents = msgspec.json.decode(self._path.read_bytes(), type=_Contents)
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigurationError(
                f"accounts_path {self._path}", "a readable account file, or none", str(error)
            ) from error
        self._saved = {each.player_id: each for each in contents.accounts}
        return contents.accounts

    async def add(self, account: StoredAccount) -> None:
        """Keep one more account; it is on disk when this returns.

        Raises:
            RefusedError: it could not be written, and the file is as before.
        """
        async with self._saving:
            accounts = [*self._saved.values(), account]
            try:
                await asyncio.to_thread(self._replace, accounts)
            except OSError as error:
                log.error("accounts_not_saved", path=str(self._path), cause=str(error))
                raise RefusedError(
                    "The account could not be kept; try again later.", DRAINING, 60.0
                ) from error
            self._saved[account.player_id] = account

    def _replace(self, accounts: Sequence[StoredAccount]) -> None:
        text = msgspec.json.format(msgspec.json.encode(_Contents(accounts=list(accounts))))
        # mkstemp makes files that only their owner can read (0600).
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
