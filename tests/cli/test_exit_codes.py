"""Exit codes are a promise to scripts."""

from __future__ import annotations

from dualwire.cli import exit_codes


def test_each_means_one_thing() -> None:
    codes = [getattr(exit_codes, name) for name in exit_codes.__all__]
    assert len(set(codes)) == len(codes)
    assert all(0 <= code < 64 for code in codes)
