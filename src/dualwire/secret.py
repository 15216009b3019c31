"""The secret that tokens and session ids are signed with: given, or made once and kept in a file.

There is no default secret: one that everybody knows is none.
"""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from .exceptions import ConfigurationError

__all__ = ["DEFAULT_FILE", "MIN_LENGTH", "find_secret"]

DEFAULT_FILE = Path(".dualwire") / "secret"
"""In the working directory, where no other is named."""

MIN_LENGTH = 32
"""Characters: HS256 wants a key of at least 256 bits (RFC 7518, section 3.2)."""


def find_secret(given: str | None, file: Path | None, *, may_make: bool) -> str:
    """The secret, wherever it is.

    Args:
        given: the secret itself, if the environment says it.
        file: where it is kept; ``None`` for :data:`DEFAULT_FILE`.
        may_make: whether a missing one is made and written to the file, for its owner only.

    Raises:
        ConfigurationError: there is none, it is too short, or others can read it.
    """
    if given is not None:
        return _checked("DUALWIRE_SECRET", given)
    path = file or DEFAULT_FILE
    try:
        return _read(path)
    except FileNotFoundError:
        if not may_make:
            raise ConfigurationError(
                "DUALWIRE_SECRET",
                f"a secret of at least {MIN_LENGTH} characters (here, or in the file that "
                "DUALWIRE_SECRET_FILE names), which production does not make by itself",
                None,
            ) from None
    except OSError as error:
        raise ConfigurationError(
            "DUALWIRE_SECRET_FILE", "a file that can be read", f"{path}: {error.strerror}"
        ) from None
    try:
        return _make(path)
    except OSError as error:
        raise ConfigurationError(
            "DUALWIRE_SECRET_FILE", "a place that can be written", f"{path}: {error.strerror}"
        ) from None


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if os.name == "posix" and mode & 0o077:
            raise ConfigurationError(
                "DUALWIRE_SECRET_FILE",
                f"a file that only its owner can read (chmod 600 {path})",
                f"mode {mode:04o}",
            )
        return _checked("DUALWIRE_SECRET_FILE", file.read().strip())


def _make(path: Path) -> str:
    """Write a new secret, whole or not at all; of two who do so at once the first one's counts."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = secrets.token_urlsafe(48)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(secret + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, does not replace what somebody else wrote meanwhile.
        os.link(draft, path)
    except FileExistsError:
        return _read(path)
    finally:
        draft.unlink()
    return secret


def _checked(setting: str, secret: str) -> str:
    if len(secret) < MIN_LENGTH:
        raise ConfigurationError(
            setting, f"at least {MIN_LENGTH} characters", f"{len(secret)} characters"
        )
    return secret
