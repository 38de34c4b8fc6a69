"""The stack under fire: parts killed, frozen and cut off at random while jobs flow; nothing lost, nothing doubled."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg

from tests.local_stack import RunningStack, parent_of, processes_of, running_stack
from tests.soak.flowing_jobs import FlowingJobs

PARTS: Final = ("postgres", "endpoints", "brain", "intake", "subscriber", "worker", "monitor")
_SETTLE: Final = 300.0
_JOBS_A_MINUTE: Final = 12.0


def run(minutes: float, seed: int) -> dict[str, int | float | str]:
    """Kills, freezes and cuts off random parts of a running stack while jobs flow through it."""
    home = Path(tempfile.mkdtemp(prefix="directory-bolt-soak-"))
    try:
        with running_stack(home) as stack:
            figures = attack(stack, minutes * 60, seed)
        left = processes_of(home)
        assert not left, f"still running: {left}"
    finally:
        shutil.rmtree(home, ignore_errors=True)
    return figures


def attack(stack: RunningStack, seconds: float, seed: int) -> dict[str, int | float | str]:
    """Attack a stack that is up for so long, wait until all is well again, judge; gives the figures."""
    rng = random.Random(seed)
    jobs = FlowingJobs(stack)
    assault = Assault(stack, rng)
    began = time.monotonic()
    next_job = began
    jobs.submit(rng)
    assault.freeze_everything()
    while (now := time.monotonic()) < began + seconds:
        if now >= next_job:
            jobs.submit(rng)
            next_job = now + rng.expovariate(_JOBS_A_MINUTE / 60)
        rng.choice(assault.faults)()
        time.sleep(rng.uniform(0.2, 4.0))
    assault.wake_all()
    fought = time.monotonic()
    stack.wait_until_up(_SETTLE)
    jobs.settle(_SETTLE)
    jobs.judge()
    restarts = sum(event.get("state") == "restarting" for event in stack.events)
    return {
        **jobs.figures,
        **assault.count,
        "restarts": restarts,
        "all_frozen_named_seconds": round(assault.named, 1),
        "all_well_again_seconds": round(time.monotonic() - fought, 1),
    }


class Assault:
    """What can be done to the parts of a stack; `count` says how often it was."""

    def __init__(self, stack: RunningStack, rng: random.Random) -> None:
        self._stack = stack
        self._rng = rng
        self._frozen: set[int] = set()
        self.count: Counter[str] = Counter()
        self.named = 0.0
        self.faults: list[Callable[[], None]] = [
            self.kill, self.kill, self.kill, self.freeze, self.freeze_for_a_moment, self.cut_off, self.kill_session,
            self.kill_postgres_twice, self.freeze_supervisor,
        ]  # fmt: skip

    def freeze_everything(self) -> None:
        """Freeze all parts at once; each must be named as silent and started again."""
        since, before = len(self._stack.events), self._stack.pids()
        began = time.monotonic()
        for name in PARTS:
            self._send(before[name], signal.SIGSTOP)
        for name in PARTS:
            self._stack.wait_for(lambda event, name=name: _is(event, name, "silent"), since=since)  # type: ignore[misc]
        self.named = time.monotonic() - began
        for name in PARTS:
            self._stack.wait_for(
                lambda event, name=name: _is(event, name, "up") and event["pid"] != before[name],  # type: ignore[misc]
                since=since,
            )

    def kill(self) -> None:
        """Kill -9 one part."""
        self._send(self._any(), signal.SIGKILL)
        self.count["kills"] += 1

    def kill_postgres_twice(self) -> None:
        """Kill -9 PostgreSQL, and the next one while it recovers."""
        first = self._stack.pids()["postgres"]
        since = len(self._stack.events)
        self._send(first, signal.SIGKILL)
        again = self._stack.wait_for(
            lambda event: event.get("name") == "postgres" and event.get("pid") not in (None, first), since=since
        )
        self._send(again["pid"], signal.SIGKILL)
        self.count["postgres_killed_twice"] += 1

    def freeze(self) -> None:
        """Freeze one part until the supervisor ends it."""
        pid = self._any()
        self._frozen.add(pid)
        self._send(pid, signal.SIGSTOP)
        self.count["freezes"] += 1

    def freeze_for_a_moment(self) -> None:
        """Freeze one part for so short that it isn't ended, or just so."""
        pid = self._any()
        self._send(pid, signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.5, 6.0))
        self._send(pid, signal.SIGCONT)
        self.count["short_freezes"] += 1

    def freeze_supervisor(self) -> None:
        """Freeze the supervisor alone; nothing may come of it."""
        self._send(self._stack.process.pid, signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.5, 4.0))
        self._send(self._stack.process.pid, signal.SIGCONT)
        self.count["supervisor_freezes"] += 1

    def cut_off(self) -> None:
        """End every session on the database at once."""
        self._on_sessions("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
        self.count["cut_offs"] += 1

    def kill_session(self) -> None:
        """Kill -9 one session of the database, for which PostgreSQL ends all and recovers."""
        for pid in self._on_sessions(
            "select pid from pg_stat_activity where pid <> pg_backend_pid() and datname is not null limit 1"
        ):
            self._send(pid, signal.SIGKILL)
            self.count["sessions_killed"] += 1

    def wake_all(self) -> None:
        """Let everything run that was frozen and is still there."""
        for pid in self._frozen & set(self._stack.pids().values()):
            self._send(pid, signal.SIGCONT)

    def _any(self) -> int:
        return self._stack.pids()[self._rng.choice(PARTS)]

    def _send(self, pid: int, number: signal.Signals) -> None:
        """To a process of this stack only: a pid that has ended may be somebody else's by now."""
        ours = (self._stack.process.pid, self._stack.pids().get("postgres"))
        if pid == self._stack.process.pid or parent_of(pid) in ours:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _on_sessions(self, query: str) -> list[int]:
        try:
            return [int(row[0]) for row in self._stack.witness().query(query)]
        except psycopg.OperationalError:
            return []


def _is(event: dict[str, object], name: str, state: str) -> bool:
    return event.get("name") == name and event.get("state") == state
