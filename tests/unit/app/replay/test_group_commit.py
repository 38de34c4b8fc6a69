"""What lanes write while one of them writes goes to the disk together; none of them takes it for written before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.replay.answers import JournalFailed
from app.replay.group_commit import GroupCommit
from app.replay.journal import Journal, Move
from services.ports.wishes import DeadLetter

KEYS = ("a", "b", "c")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal(tmp_path / "replay.db")
    for key in KEYS:
        made.plan(DeadLetter(key, "", "{}"), actor="desk", reason="")
    yield made
    made.close()


class Slow:
    """Makes each write of a journal wait until it may go on."""

    def __init__(self, journal: Journal) -> None:
        self.may_go_on = threading.Event()
        self._began = threading.Semaphore(0)
        self.pages: list[list[str]] = []
        write = journal.move_many

        def slow(moves: Sequence[Move]) -> None:
            self.pages.append([one.message_id for one in moves])
            self._began.release()
            assert self.may_go_on.wait(30)
            write(moves)

        journal.move_many = slow  # type: ignore[method-assign]

    async def until_it_writes(self) -> None:
        """Once for each page."""
        assert await asyncio.to_thread(self._began.acquire, timeout=30)


def write_all(journal: Journal, moves: Sequence[Move]) -> tuple[list[list[str]], list[BaseException | None]]:
    """Each step by a lane of its own, the others while the first one writes. The pages, and how each lane ended."""

    async def act() -> tuple[list[list[str]], list[BaseException | None]]:
        slow, commits = Slow(journal), GroupCommit(journal)
        first = asyncio.ensure_future(commits.write(moves[:1]))
        await slow.until_it_writes()
        others = [asyncio.ensure_future(commits.write([move])) for move in moves[1:]]
        await asyncio.sleep(0)
        assert not any(one.done() for one in (first, *others))
        slow.may_go_on.set()
        return slow.pages, await asyncio.gather(first, *others, return_exceptions=True)

    return asyncio.run(act())


def test_what_comes_meanwhile_goes_together(journal: Journal) -> None:
    pages, ends = write_all(journal, [Move(key, "claimed") for key in KEYS])
    assert (pages, ends) == ([["a"], ["b", "c"]], [None] * 3)
    assert set(journal.states().values()) == {"claimed"}


def test_a_page_that_is_not_written_fails_all_that_share_it_and_nobody_else(journal: Journal) -> None:
    pages, ends = write_all(journal, [Move("a", "sending"), Move("b", None), Move("c", "sending")])  # type: ignore[arg-type]
    assert pages == [["a"], ["b", "c"]]
    assert [type(end) for end in ends] == [type(None), JournalFailed, JournalFailed]
    assert journal.states() == {"a": "sending", "b": "planned", "c": "planned"}


def test_who_shares_a_page_whose_writer_was_called_off_does_not_take_it_for_written(journal: Journal) -> None:
    async def act() -> None:
        slow, commits = Slow(journal), GroupCommit(journal)
        first = asyncio.ensure_future(commits.write([Move("a", "sending")]))
        await slow.until_it_writes()
        second, third = (asyncio.ensure_future(commits.write([Move(key, "sending")])) for key in ("b", "c"))
        await asyncio.sleep(0)
        slow.may_go_on.set()
        await first
        slow.may_go_on.clear()
        await slow.until_it_writes()
        second.cancel()
        ends = await asyncio.gather(second, third, return_exceptions=True)
        assert [type(end) for end in ends] == [asyncio.CancelledError, JournalFailed]
        slow.may_go_on.set()

    asyncio.run(act())
