"""A replay goes only to the queue that the dead letters come from: by its own word, or an admin's."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.replay.letters import Letters
from app.replay.target import target
from services.domain.errors import NotPermitted, Refused
from services.ports.wishes import QueueFigures
from tests.unit.app.replay.test_batch import FAST, Desk, bodies, make, run

__all__ = ["make"]

HERE = QueueFigures(0, 0, 0, arn="arn:aws:sqs:us-east-2:0:DirectoryBolt-dlq")


def main(named: str) -> QueueFigures:
    return QueueFigures(0, 0, 0, arn="arn:aws:sqs:us-east-2:0:DirectoryBolt", redrive_target_arn=named)


def test_what_the_main_queue_says_counts() -> None:
    assert target(main(HERE.arn), HERE).state == "named"
    assert target(main(""), HERE).state == "unnamed"
    other = target(main("arn:aws:sqs:us-east-2:0:Another-dlq"), HERE)
    assert other.state == "other"
    assert other.words.startswith("The main queue's dead letters are in Another-dlq, not in DirectoryBolt-dlq: nothing")
    assert "a queue without a name" in target(main(HERE.arn), QueueFigures(0, 0, 0)).words


@pytest.mark.parametrize("named", ["", "arn:aws:sqs:us-east-2:0:Another-dlq"])
def test_nothing_is_sent_where_the_queues_do_not_belong_together(make: Callable[..., Desk], named: str) -> None:
    desk = make(bodies(2))

    async def act() -> None:
        letters = (await desk.engine.look()).letters
        await desk.many.plan("b1", "replay", letters, actor="desk-1", reason="", options=FAST)
        desk.queues.named = named
        with pytest.raises(Refused):
            await desk.engine.plan(letters[0], actor="desk-1", reason="")
        with pytest.raises(Refused):
            await desk.many.plan("b2", "replay", letters, actor="desk-1", reason="", options=FAST)
        # What was planned for the right queues is not gone on with for others.
        later = Desk(desk.journal_file, desk.queues)
        with pytest.raises(Refused):
            await later.run("b1")
        later.journal.close()
        assert desk.queues.main == {}
        assert len(desk.queues.dead) == 2
        # The archive sends nothing there.
        assert (await desk.all(act="archive", batch="b3")).moved == 2

    run(act())


def test_an_admin_s_word_counts_where_the_queue_says_nothing_and_only_there(make: Callable[..., Desk]) -> None:
    desk = make(bodies(2))

    async def act() -> None:
        with pytest.raises(Refused, match="says so itself"):
            await desk.engine.confirm_target(actor="admin", reason="")
        desk.queues.named = "another"
        with pytest.raises(Refused, match="nothing is sent from here"):
            await desk.engine.confirm_target(actor="admin", reason="")
        desk.queues.named = ""
        letters = Letters(desk.queues, desk.journal, None, "admin")
        await letters.confirm_target(reason="set up without a redrive policy")
        assert (await desk.all()).moved == 2
        desk.queues.named = "another"
        with pytest.raises(Refused):
            await desk.engine.require_target()

    run(act())


def test_what_can_not_be_asked_or_read_is_said(make: Callable[..., Desk]) -> None:
    desk = make(bodies(1))

    async def act() -> None:
        [letter] = (await desk.engine.look()).letters
        desk.queues.faults = ["denied"]
        with pytest.raises(NotPermitted):
            await desk.engine.plan(letter, actor="desk-1", reason="")
        desk.queues.named = ""
        desk.journal.close()
        with pytest.raises(Refused, match="can't be read"):
            await desk.engine.require_target()
        with pytest.raises(Refused, match="can't be written"):
            await desk.engine.confirm_target(actor="admin", reason="")

    run(act())
