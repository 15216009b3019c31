"""Arkham: a small playable town, to see the connections at work within a minute."""

from .app import create_app

__all__ = ["create_app"]
