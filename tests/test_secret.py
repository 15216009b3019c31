"""Where the secret comes from."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from dualwire.exceptions import ConfigurationError
from dualwire.secret import DEFAULT_FILE, MIN_LENGTH, find_secret

GOOD = "x" * MIN_LENGTH


def test_what_is_given_is_taken(tmp_path: Path) -> None:
    assert find_secret(GOOD, tmp_path / "secret", may_make=True) == GOOD
    assert not list(tmp_path.iterdir())


def test_the_first_run_makes_one_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = find_secret(None, None, may_make=True)
    assert len(made) >= MIN_LENGTH
    assert stat.S_IMODE(DEFAULT_FILE.stat().st_mode) == 0o600
    assert find_secret(None, None, may_make=False) == made
    assert [path.name for path in DEFAULT_FILE.parent.iterdir()] == [DEFAULT_FILE.name]


def test_two_first_runs_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "secret"
    real = Path.open

    def meanwhile(self: Path, *args: object, **options: object) -> object:
        # Between the first one's look and its writing, the second one writes.
        monkeypatch.setattr(Path, "open", real)
        path.write_text(GOOD)
        path.chmod(0o600)
        raise FileNotFoundError

    monkeypatch.setattr(Path, "open", meanwhile)
    assert find_secret(None, path, may_make=True) == GOOD
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(GOOD)
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        find_secret(None, path, may_make=True)
    assert GOOD not in str(caught.value)


def test_production_makes_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="DUALWIRE_SECRET"):
        find_secret(None, tmp_path / "secret", may_make=False)


def test_a_short_one_is_refused_and_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="at least 32") as caught:
        find_secret("opensesame", None, may_make=True)
    assert "opensesame" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "file/secret"])
def test_an_impossible_file_is_one_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="DUALWIRE_SECRET_FILE"):
        find_secret(None, tmp_path / name, may_make=True)
