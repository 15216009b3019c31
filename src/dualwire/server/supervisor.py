"""Several processes that serve one port: started, watched, replaced, stopped together.

A worker that dies is started again. SIGTERM and SIGINT stop all of them, each with its own goodbye;
a second SIGINT at once. SIGHUP replaces them one after the other, each new one being ready before
its predecessor is told to stop, so that an application is renewed without a closed door.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

import structlog

__all__ = ["Supervisor"]

log = structlog.get_logger("dualwire")

PAUSES = (0.0, 0.1, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a worker that died is started again, by how many died young in a row."""

YOUNG = 10.0
"""Seconds that a worker must have lived for its death to be an accident, and no habit."""

LOOK = 0.5
"""Seconds between two looks at what is due, when nothing happens."""

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(slots=True, eq=False)
class _Worker:
    pid: int
    began: float
    pipe: int
    """Readable once it serves; at its end without a byte when it died before."""
    watched: bool = True
    """Whether its pipe has something to say yet."""
    ready: bool = False
    replaces: _Worker | None = None
    told: bool = False
    """Whether it was told to stop."""


class Supervisor:
    """Runs workers until it is told to stop; in the main thread, and without an event loop.

    Args:
        count: how many.
        work: what a worker does: serves, calls its argument once it does, and returns the exit code
            of the process.
        announce: called once, when all serve.
    """

    def __init__(
        self, count: int, work: Callable[[Callable[[], None]], int], announce: Callable[[], None]
    ) -> None:
        self._count = count
        self._work = work
        self._announce = announce
        self._workers: dict[int, _Worker] = {}
        self._stopping = False
        self._announced = False
        self._renewals: list[_Worker] = []
        """Workers that are still to be replaced by a new one."""
        self._inherited: tuple[int, ...] = ()
        self._died_young = 0
        self._start_at = 0.0
        self._code = 0

    def run(self) -> int:
        """Supervise.

        Returns:
            The exit code: 0 after a stop that was asked for, else that of a worker that could not
            even begin.
        """
        # Signals arrive as bytes on a pipe, so that none is lost between two looks.
        wake, told = os.pipe()
        os.set_blocking(told, False)
        os.set_blocking(wake, False)
        before = {number: signal.signal(number, _nothing) for number in SIGNALS}
        previous = signal.set_wakeup_fd(told)
        self._inherited = (wake, told)
        try:
            while not self._stopping or self._workers:
                self._start_missing()
                self._wait(wake)
                self._reap()
        finally:
            signal.set_wakeup_fd(previous)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(wake)
            os.close(told)
        return self._code

    # Starting

    def _start_missing(self) -> None:
        now = time.monotonic()
        if self._stopping or now < self._start_at:
            return
        # The first one alone: what is wrong with the application is said once.
        count = self._count if self._announced or any(e.ready for e in self._all()) else 1
        while sum(not each.told and each.replaces is None for each in self._all()) < count:
            self._start(None)
        if self._renewals and all(each.replaces is None for each in self._all()):
            old = self._renewals.pop(0)
            if old.pid in self._workers:
                self._start(old)

    def _start(self, replaces: _Worker | None) -> None:
        reader, writer = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            self._be_worker(writer)
        os.close(writer)
        self._workers[pid] = _Worker(pid, time.monotonic(), reader, replaces=replaces)

    def _be_worker(self, writer: int) -> NoReturn:
        code = 1
        try:
            # Not in the terminal's group: we pass on what it says, once.
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            for each in (*self._inherited, *(worker.pipe for worker in self._all())):
                os.close(each)
            code = self._work(lambda: _say(writer))
        except BaseException:
            log.exception("worker_failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    # Watching

    def _wait(self, wake: int) -> None:
        pipes = {each.pipe: each for each in self._all() if each.watched}
        readable, _, _ = select.select([wake, *pipes], [], [], LOOK)
        for each in readable:
            if each == wake:
                for number in os.read(wake, 4096):
                    self._signalled(number)
            else:
                pipes[each].watched = False
                if os.read(each, 1):
                    self._is_ready(pipes[each])

    def _is_ready(self, worker: _Worker) -> None:
        worker.ready = True
        if worker.replaces is not None:
            old, worker.replaces = worker.replaces, None
            self._tell(old, signal.SIGTERM)
        if not self._announced and sum(each.ready for each in self._all()) >= self._count:
            self._announced = True
            self._announce()

    def _signalled(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            force = self._stopping and number == signal.SIGINT
            self._stopping = True
            for worker in self._all():
                self._tell(worker, signal.SIGINT if force else signal.SIGTERM)
        elif number == signal.SIGHUP and not self._stopping:
            log.info("workers_renewed", workers=len(self._workers))
            self._renewals = [each for each in self._all() if not each.told]

    def _tell(self, worker: _Worker, number: signal.Signals) -> None:
        worker.told = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker.pid, number)

    def _reap(self) -> None:
        while self._workers:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            worker = self._workers.pop(pid, None)
            if worker is not None:
                os.close(worker.pipe)
                self._died(worker, os.waitstatus_to_exitcode(status))

    def _died(self, worker: _Worker, code: int) -> None:
        if worker.told:
            return
        if not self._announced and code > 0:
            # It cannot even begin, and has said why; another one would say the same.
            if not self._stopping:
                self._code = code
            self._stopping = True
            for other in self._all():
                self._tell(other, signal.SIGTERM)
            return
        if worker.replaces is not None:
            log.error("renewal_failed", pid=worker.pid, code=code)
            self._renewals.clear()
            return
        lived = time.monotonic() - worker.began
        self._died_young = self._died_young + 1 if lived < YOUNG else 0
        pause = PAUSES[min(self._died_young, len(PAUSES) - 1)]
        self._start_at = time.monotonic() + pause
        log.error("worker_died", pid=worker.pid, code=code, lived=round(lived, 3), pause=pause)

    def _all(self) -> list[_Worker]:
        return list(self._workers.values())


def _say(writer: int) -> None:
    os.write(writer, b"!")
    os.close(writer)


def _nothing(number: int, frame: object) -> None:
    """A handler of our own, so that the signal wakes us and does nothing else."""
