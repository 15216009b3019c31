"""The engine for many nodes: Redis or Valkey 7, alone, with Sentinel, or as a cluster."""

from .engine import RedisEngine

__all__ = ["RedisEngine"]
