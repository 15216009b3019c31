"""A rollout from nobody to everybody, and back by the kill switch, while people play."""
