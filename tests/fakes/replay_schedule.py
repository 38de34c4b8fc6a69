"""One schedule of a batch: faults, kills and a person who decides; at its end nothing is lost and nothing doubled."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.replay.awake import Clock
from app.replay.engine import ReplayEngine
from app.replay.journal import SENT, Journal, Move
from app.replay.many import ManyEngine
from app.replay.pace import Options
from app.replay.writer import Writer
from services.domain.errors import ConsoleError
from tests.fakes.unkind_queues import Fault, Killed, UnkindQueues
from tests.fakes.unkind_replays import NAP, LeaseFault, UnkindReplays
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually

MOST_STARTS = 40
TOKEN = "mine"


@dataclass(frozen=True)
class Schedule:
    """`kills`: after so many steps each of the first starts is killed. `right`: whether the person decides rightly.
    `lease`: what happens to the next calls about it. `naps`: at these steps the machine sleeps, and somebody else
    takes the lease meanwhile."""

    letters: int
    lanes: int
    faults: list[Fault]
    kills: list[int]
    may_release: bool = True
    right: bool = True
    lease: list[LeaseFault] = field(default_factory=list)
    naps: frozenset[int] = frozenset()


@dataclass
class World:
    """What outlives a start of the program: the queues, the file of the journal, and what the person has decided."""

    schedule: Schedule
    file: Path
    queues: UnkindQueues = field(init=False)
    shared: UnkindReplays = field(init=False)
    bodies: dict[str, str] = field(init=False)
    decided: set[str] = field(default_factory=set)
    starts: int = 0
    steps: int = 0
    offset: float = 0.0
    refused: int = 0
    """Starts that were not allowed to go on, or not to begin."""
    widest: int = 0
    """The most letters that one write of steps was about."""

    def __post_init__(self) -> None:
        self.bodies = {f"m{n}": f'{{"job_id": "job-{n}"}}' for n in range(self.schedule.letters)}
        self.queues = UnkindQueues.holding(self.bodies)
        self.queues.may_release = self.schedule.may_release
        self.queues.faults = list(self.schedule.faults)
        self.shared = UnkindReplays(self.queues.now, self._sleep)
        self.shared.faults_to_come = list(self.schedule.lease)

    def run(self) -> None:
        """Start the program until nothing is left to do."""
        kills = iter(self.schedule.kills)
        for self.starts in range(1, MOST_STARTS + 1):
            if self.starts > 3:
                self.queues.faults.clear()
                self.shared.faults_to_come.clear()
            try:
                if self._start(next(kills, None)):
                    return
            except Killed:
                pass
            except BaseExceptionGroup as group:
                if group.split(Killed)[1] is not None:
                    raise
            self.nothing_lost()
        raise AssertionError("it does not come to an end")

    def nothing_lost(self) -> None:
        """Each message is in the DLQ, in the target, or in both."""
        here = {one.message.body for one in self.queues.dead.values()} | {one.body for one in self.queues.main.values()}
        lost = set(self.bodies.values()) - here
        assert not lost, f"neither in the dead letters nor sent: {lost}"

    def end_is_right(self) -> None:
        """As if nobody had disturbed it; doubled only what the journal called unknown and a person sent again."""
        sent = Counter(one.body for one in self.queues.main.values())
        for key, body in self.bodies.items():
            assert sent[body] == 1 or (key in self.decided and not self.schedule.right), (key, sent[body])
        assert not self.queues.dead

    def _sleep(self, seconds: float) -> None:
        self.queues.slept += seconds

    def _start(self, kill_after: int | None) -> bool:
        """One start, killed after so many steps; whether all is done."""
        counter = itertools.count(1)

        def step(name: str) -> None:
            self.steps += 1
            if name == "send: before":
                assert self.shared.is_held_by("dlq", TOKEN), "sent while somebody else may be at work"
            # What is on its way by then can't be called back.
            if self.steps in self.schedule.naps and self.starts <= 3:
                self._sleep(NAP)
                self.shared.take("dlq")
            if kill_after is not None and next(counter) > kill_after:
                raise Killed

        # The clock of the queue starts anew with each loop: what was hidden stays hidden for as long.
        for one in self.queues.dead.values():
            one.visible_at = max(0.0, one.visible_at - self.offset)
        self.shared.pass_by(self.offset)
        self.queues.slept = 0.0
        self.queues.step = step
        journal = Journal(self.file)
        watch(journal, step)
        self._measure(journal)
        try:
            return run_virtually(self._work(journal), ThreadlessLoop)
        finally:
            journal.close()

    def _measure(self, journal: Journal) -> None:
        write = journal.move_many

        def measured(moves: Sequence[Move]) -> None:
            self.widest = max(self.widest, len({one.message_id for one in moves}))
            write(moves)

        journal.move_many = measured  # type: ignore[method-assign]

    async def _work(self, journal: Journal) -> bool:
        try:
            return await self._work_on(journal)
        finally:
            # At first somebody starts it again at once, while the dead program's holds last; later after a while.
            self.offset = self.queues.now() + (0.0 if self.starts <= 3 else 61.0)

    async def _work_on(self, journal: Journal) -> bool:
        writer = Writer(self.queues, self.shared, token=TOKEN, machine="desk", wall=self.queues.now)
        engine = ReplayEngine(self.queues, journal, writer, clock=Clock(lambda: self.queues.slept))
        many = ManyEngine(self.queues, journal, engine)
        journal.settle_after_crash()
        try:
            for batch in await many.unfinished():
                await many.run(batch.id)
            await self._decide(many, journal)
            left = (await engine.look()).letters
            states = journal.states()
            for letter in left:
                if states.get(letter.message_id) in SENT and states[letter.message_id] != "unknown":
                    await engine.replay(letter.message_id)
            fresh = [one for one in left if states.get(one.message_id) not in SENT]
            if fresh and not any(state == "unknown" for state in states.values()):
                options = Options(rate=0, ramp=(), lanes=self.schedule.lanes)
                await many.plan(f"b{self.starts}", "replay", fresh, actor="desk-1", reason="", options=options)
                await many.run(f"b{self.starts}")
        except ConsoleError:
            self.refused += 1
            return False
        return not self.queues.dead and not any(state in ("unknown", "planned") for state in journal.states().values())

    async def _decide(self, many: ManyEngine, journal: Journal) -> None:
        for entry in journal.in_state("unknown"):
            arrived = any(one.body == entry.body for one in self.queues.main.values())
            self.decided.add(entry.message_id)
            sent = arrived if self.schedule.right else False
            await many.decide(entry.message_id, sent=sent, actor="desk-1")


def watch(journal: Journal, step: Any) -> None:
    """A kill may come before and after each thing that the journal writes."""
    for name in ("plan_batch", "move_many", "end_batch"):
        act = getattr(journal, name)

        def watched(*args: Any, act: Any = act, name: str = name, **kwargs: Any) -> Any:
            step(f"{name}: before")
            answer = act(*args, **kwargs)
            step(f"{name}: after")
            return answer

        setattr(journal, name, watched)
