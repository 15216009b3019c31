"""Chaos: many players, random faults, takeovers and room changes, judged by the publisher."""
