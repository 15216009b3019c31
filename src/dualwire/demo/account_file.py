"""Accounts on disk: one JSON file that only its owner can read, replaced as a whole."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import structlog

from ..codes import DRAINING
from ..exceptions import ConfigurationError, RefusedError

if sys.platform != "win32":
    import fcntl

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
    """Reads and replaces one file, which several processes may share.

    Args:
        path: the file; it need not exist yet, its folder must.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saving = asyncio.Lock()
        self._seen: tuple[int, int] | None = None

    @property
    def changed(self) -> bool:
        """Whether somebody else has written it since it was read here."""
        return self._state() != self._seen

    def load(self) -> list[StoredAccount]:
        """What is in the file; nothing if there is none.

        Raises:
            ConfigurationError: it is no account file.
        """
        state = self._state()
        try:
            contents = msgspec.json.decode(self._path.read_bytes(), type=_Contents)
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            raise ConfigurationError(
                f"accounts_path {self._path}", "a readable account file, or none", str(error)
            ) from error
        self._seen = state
        return contents.accounts

    async def add(self, account: StoredAccount) -> bool:
        """Keep one more account; it is on disk when this returns.

        Returns:
            False if its name was taken meanwhile, by another process.

        Raises:
            RefusedError: it could not be written, and the file is as before.
        """
        async with self._saving:
            try:
                return await asyncio.to_thread(self._add, account)
            except OSError as error:
                log.error("accounts_not_saved", path=str(self._path), cause=str(error))
                raise RefusedError(
                    "The account could not be kept; try again later.", DRAINING, 60.0
                ) from error

    def _add(self, account: StoredAccount) -> bool:
        with self._locked():
            before = self._seen
            accounts = self.load()
            # What others wrote is still to be read by those who keep what is in here.
            self._seen = before
            unchanged = not self.changed
            name = account.name.casefold()
            if any(each.name.casefold() == name for each in accounts):
                return False
            self._replace([*accounts, account])
            if unchanged:
                self._seen = self._state()
            return True

    def _state(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Nobody else replaces the file meanwhile. The lock is a file of its own, because the
        account file itself is another one each time."""
        if sys.platform == "win32":
            yield
            return
        flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
        handle = os.open(self._path.with_name(f".{self._path.name}.lock"), flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

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
