"""How much somebody may do: so much per second, and so much at once.

The generic cell rate algorithm, as a virtual schedule (ITU-T I.371, appendix A): a bucket is one
number, the moment at which everything taken so far would be paid for. Nothing runs in the
background, and a bucket whose moment is past is as good as a new one.
"""

from __future__ import annotations

from typing import Generic, TypeVar

__all__ = ["Bucket", "Buckets", "Rate"]

Key = TypeVar("Key")


class Rate:
    """So much per second in the long run, and so much at once.

    Args:
        per_second: what is paid back each second.
        burst: what may be taken at once, after a rest.
    """

    __slots__ = ("alarm", "burst", "depth", "interval", "per_second")

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self.interval = 1.0 / per_second
        self.depth = burst * self.interval
        """Seconds after which a bucket that was emptied is full again."""
        self.alarm = -self.depth / 4.0
        """A wait above this means that three quarters of a bucket were taken."""


class Bucket:
    """What one peer took.

    Args:
        rate: what it may take.
    """

    __slots__ = ("rate", "until")

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.until = 0.0
        """When everything that was taken is paid for, in seconds of the caller's clock."""

    def take(self, now: float, cost: float = 1.0) -> float:
        """Take something, if there is enough.

        Args:
            now: monotonic seconds.
            cost: how much.

        Returns:
            Seconds until there is enough. Not above 0 when it was taken: then the negative of the
            seconds' worth that is left.
        """
        rate, until = self.rate, self.until
        until = (until if until > now else now) + cost * rate.interval
        wait = until - now - rate.depth
        if wait <= 0.0:
            self.until = until
        return wait

    def charge(self, now: float, cost: float) -> None:
        """Count what was taken elsewhere, whether there was enough or not; at most all of it is
        owed, so that nobody waits for longer than who emptied the bucket here."""
        until = max(self.until, now) + cost * self.rate.interval
        self.until = max(self.until, min(until, now + self.rate.depth))

    def wait(self, now: float, cost: float = 1.0) -> float:
        """What :meth:`take` would return; nothing is taken."""
        return max(self.until, now) + cost * self.rate.interval - now - self.rate.depth


class Buckets(Generic[Key]):
    """Buckets of many peers, of the same rate.

    Args:
        rate: what each may take.
        most: buckets that are kept. Beyond it those who took the longest ago are forgiven; who
            comes from so many places is not stopped by counting places.
    """

    def __init__(self, rate: Rate, most: int = 10_000) -> None:
        self.rate = rate
        self._most = most
        self._buckets: dict[Key, Bucket] = {}

    def take(self, key: Key, now: float, cost: float = 1.0) -> float:
        """:meth:`Bucket.take` of one peer."""
        return self._bucket(key, now).take(now, cost)

    def charge(self, key: Key, now: float, cost: float) -> None:
        """:meth:`Bucket.charge` of one peer."""
        self._bucket(key, now).charge(now, cost)

    def wait(self, key: Key, now: float, cost: float = 1.0) -> float:
        """:meth:`Bucket.wait` of one peer."""
        bucket = self._buckets.get(key)
        return (bucket or Bucket(self.rate)).wait(now, cost)

    def _bucket(self, key: Key, now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._most:
                self._make_room(now)
            bucket = self._buckets[key] = Bucket(self.rate)
        return bucket

    def _make_room(self, now: float) -> None:
        """Forget who has nothing to pay back, and a tenth of the others if nobody is."""
        found = {key: each for key, each in self._buckets.items() if each.until > now}
        if len(found) >= self._most:
            oldest = sorted(found, key=lambda key: found[key].until)
            for key in oldest[: max(1, self._most // 10)]:
                del found[key]
        self._buckets = found

    def __len__(self) -> int:
        return len(self._buckets)
