"""Benchmarks: ``python -m bench``, ``python -m bench failover``, ``python -m bench chaos``."""
