"""A batch sends the corrected bodies that were confirmed with it, also after a kill, and keeps the originals."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from pathlib import Path

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from app.replay.many import ManyEngine
from app.replay.pace import Options
from app.replay.writer import Writer
from services.ports.wishes import Outgoing
from tests.fakes.replay_schedule import watch
from tests.fakes.replays import FakeReplays
from tests.fakes.unkind_queues import Held, Killed, UnkindQueues
from tests.fakes.virtual_time import ThreadlessLoop, run_virtually

MEMORY = Path("/dev/shm")
BODIES = {f"m{n}": f'{{"job_id": "job-{n}", "priority": 3}}' for n in range(4)}
PRO = {"priority": {"DataType": "String", "StringValue": "pro"}}
EDITS = {key: Outgoing(BODIES[key].replace("3}", '"pro"}'), PRO, "Root=1") for key in ("m1", "m3")}
WANTED = {key: EDITS[key].body if key in EDITS else body for key, body in BODIES.items()}
FAST = Options(rate=0, ramp=(), lanes=1)


class Desk:
    """Two starts over one journal; the first is killed after so many steps."""

    def __init__(self, file: Path, kill_after: int | None = None) -> None:
        self.queues = UnkindQueues({key: Held(Outgoing(body, {}, "Root=1")) for key, body in BODIES.items()})
        self.steps = 0
        counter = itertools.count(1)

        def step(_: str) -> None:
            self.steps += 1
            if kill_after is not None and next(counter) > kill_after:
                raise Killed

        first = Journal(file)
        watch(first, step)
        self.queues.step = step
        try:
            run_virtually(self._plan(first), ThreadlessLoop)
        except Killed:
            pass
        except BaseExceptionGroup as group:
            if group.split(Killed)[1] is not None:
                raise
        first.close()
        self.queues.step = lambda _: None
        for held in self.queues.dead.values():
            held.visible_at = 0.0
        self.journal = Journal(file)
        self.journal.settle_after_crash()
        run_virtually(self._resume(), ThreadlessLoop)

    async def _plan(self, journal: Journal) -> None:
        engine = ReplayEngine(self.queues, journal)
        letters = (await engine.look()).letters
        many = ManyEngine(self.queues, journal, engine)
        await many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST, instead=EDITS)
        await many.run("b1")

    async def _resume(self) -> None:
        many = ManyEngine(self.queues, self.journal, ReplayEngine(self.queues, self.journal))
        for batch in await many.unfinished():
            await many.run(batch.id)


def test_what_was_confirmed_is_sent_and_the_originals_are_kept(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "replay.db")
    sent = {one.body: one for one in desk.queues.main.values()}
    assert sorted(sent) == sorted(WANTED.values())
    assert (sent[WANTED["m1"]].attributes, sent[WANTED["m1"]].trace) == (PRO, "Root=1")
    assert sent[WANTED["m0"]].attributes == {}
    kept = {one.message_id: (one.body, one.sent_body, one.is_out) for one in desk.journal.archived()}
    assert kept == {key: (BODIES[key], edit.body, True) for key, edit in EDITS.items()}
    desk.journal.close()


def test_killed_at_every_step_nothing_is_sent_as_it_was_before_the_correction() -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        whole = Desk(Path(folder) / "whole.db")
        whole.journal.close()
        for step in range(whole.steps + 1):
            desk = Desk(Path(folder) / f"{step}.db", step)
            sent = Counter(one.body for one in desk.queues.main.values())
            states = desk.journal.states()
            for key, body in WANTED.items():
                assert sent[body] + sent[BODIES[key]] * (key in EDITS) <= 1
                assert sent[body] == 1 or key in desk.queues.dead
                # What may have been sent is a person's to say; what was not even planned was not confirmed.
                assert sent[body] == 1 or states.get(key) in (None, "unknown")
            assert not [key for key in EDITS if sent[BODIES[key]]]
            desk.journal.close()


def test_the_audit_is_told_how_many_were_edited(tmp_path: Path) -> None:
    queues = UnkindQueues({key: Held(Outgoing(body)) for key, body in BODIES.items()})
    journal, shared = Journal(tmp_path / "replay.db"), FakeReplays()

    async def act() -> None:
        engine = ReplayEngine(queues, journal, Writer(queues, shared, token="mine", machine="tower"))
        letters = {one.message_id: one for one in (await engine.look()).letters}
        many = ManyEngine(queues, journal, engine)
        three = [letters[key] for key in ("m0", "m1", "m2")]
        await many.plan("b1", "replay", three, actor="desk-1", reason="", options=FAST, instead=EDITS)
        await many.run("b1")
        await engine.plan(letters["m3"], actor="desk-1", reason="", instead=EDITS["m3"])
        await engine.replay("m3", request_id="r1")

    run_virtually(act(), ThreadlessLoop)
    assert {key: label for key, (_, label, _) in shared.audit.items()} == {
        "b1": "Replay 3 dead letters, 1 edited", "r1": "Replay 1 edited dead letter",
    }  # fmt: skip
    journal.close()
