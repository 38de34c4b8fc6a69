"""What the link says of failures that the engine's other tests don't meet."""

from __future__ import annotations

import asyncio

import pytest

from app.store.store import Store
from app.sync.engine import Engine
from app.sync.timings import Timings
from services.domain.errors import NotInstalled, NotPermitted, NotReachable, SignedOut
from services.ports.facts import Change, LinkSignal
from tests.fakes.server import FakeServer
from tests.fakes.virtual_time import VirtualLoop
from tests.leaks.logs import Logged
from tests.unit.app.sync.test_engine import fill, same, sync, word


def test_a_sign_in_that_ended_is_said_and_a_new_one_goes_on() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        server.signed_out = SignedOut("The sign-in has ended.")
        server.kill_feed()
        await asyncio.sleep(3)
        assert word(store) == "Signed out"
        server.signed_out = NotPermitted("This key may not listen.")
        await asyncio.sleep(60)
        server.signed_out = None
        await asyncio.sleep(60)
        assert word(store) == "Live"

    sync(scene)


def test_a_feed_that_may_not_be_had_says_so() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.signed_out = NotPermitted("This key may not listen.")
        server.errors["jobs"] = SignedOut("The sign-in has ended.")
        await asyncio.sleep(0.2)
        assert word(store) == "Not permitted"
        await asyncio.sleep(60)
        assert word(store) == "Signed out"

    sync(scene)


def test_reads_that_fail_in_the_middle_are_a_loss() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server)
        await asyncio.sleep(2)
        server.errors["customers"] = NotReachable("The database does not answer.")
        await asyncio.sleep(100)
        assert word(store) != "Live"
        assert store.state("customers").kind == "not_reachable"
        assert store.state("customers").loaded
        del server.errors["customers"]
        await asyncio.sleep(60)
        assert word(store) == "Live"
        same(server, store)

    sync(scene)


def test_reads_that_fail_in_the_reconcile_are_a_loss() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        server.errors["customers"] = NotReachable("The database does not answer.")
        await asyncio.sleep(50)
        assert word(store) != "Live"

    sync(scene, Timings(recent=1e9, reconcile=40.0))


def test_a_loss_while_catching_up_starts_anew() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.errors["customers"] = NotReachable("The database does not answer.")
        await asyncio.sleep(1)
        assert word(store) == "Offline"
        server.kill_feed()
        await asyncio.sleep(1)
        del server.errors["customers"]
        server.read_delay = 3.0
        await asyncio.sleep(3)
        server.kill_feed("again")
        await asyncio.sleep(60)
        assert word(store) == "Live"
        assert server.opened >= 3

    sync(scene)


def test_a_loss_during_the_catching_up_read_is_not_called_live() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.read_delay = 2.0
        await asyncio.sleep(0.2)
        server.kill_feed()
        seen = set()
        for _ in range(40):
            await asyncio.sleep(0.1)
            seen.add((server._session, word(store)))
        assert (1, "Live") not in seen

    sync(scene)


def test_reads_that_fail_while_catching_up_are_tried_again() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.errors["customers"] = NotReachable("The database does not answer.")
        await asyncio.sleep(7)
        del server.errors["customers"]
        await asyncio.sleep(6)
        assert word(store) == "Live"
        assert server.opened == 1

    sync(scene)


def test_a_feed_that_does_not_open_in_time_is_given_up() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.frozen = True
        await asyncio.sleep(8)
        server.frozen = False
        await asyncio.sleep(30)
        assert word(store) == "Live"

    sync(scene, Timings(open=2.0, answer=1.0))


def test_an_error_of_our_own_ends_an_epoch_and_not_the_day(monkeypatch: pytest.MonkeyPatch, logged: Logged) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(server, "open", broken)
            await asyncio.sleep(1)
        with monkeypatch.context() as patch:
            patch.setattr(store.jobs, "tick", None)
            await asyncio.sleep(60)
        assert word(store) == "Live"

    sync(scene)
    assert logged.take_every("an epoch of the feed ended in an error")
    assert logged.take_every("a step of sync failed")


def test_a_feed_that_can_not_be_closed_is_left_behind(monkeypatch: pytest.MonkeyPatch, logged: Logged) -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        async def refuses() -> None:
            raise NotReachable("The feed does not answer.")

        await asyncio.sleep(2)
        with monkeypatch.context() as patch:
            patch.setattr(server, "close", refuses)
            server.kill_feed()
            await asyncio.sleep(5)
        assert word(store) == "Live"

    sync(scene)
    logged.take("did not close well")


def test_what_an_earlier_epoch_still_says_is_passed_over() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        late = server._on_signal
        server.kill_feed()
        await asyncio.sleep(5)
        opened = server.opened
        late(LinkSignal("lost", "long ago"))
        await asyncio.sleep(5)
        assert server.opened == opened

    sync(scene)


def test_a_tick_that_comes_late_is_a_sleep_too() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.stand_still(3600)
        await asyncio.sleep(3)
        assert server.opened == 2

    sync(scene)


def test_refresh_reads_everything_and_too_much_doubt_does_too() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server, 20)
        await asyncio.sleep(2)
        server.lose = 1.0
        server.write("customers", "c1", business_name="Other")
        server.lose = 0.0
        await engine.refresh()
        same(server, store)
        for number in range(20):
            server.write("customers", f"c{number}", business_name="Another")
        await asyncio.sleep(2)
        store.take_changed()
        assert engine.settled
        same(server, store)

    sync(scene, Timings(overflow=12))


def test_a_table_outside_the_publication_is_polled_and_nothing_is_while_offline() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.unpublished.add("customers")
        fill(server)
        await asyncio.sleep(2)
        server.write("customers", "c1", business_name="First")
        await asyncio.sleep(100)
        same(server, store)
        assert store.state("customers").polled
        server.write("customers", "c1", business_name="Second")
        await asyncio.sleep(6)
        same(server, store)
        engine._inbox.doubt("customers", "c1")
        server.unreachable = True
        await asyncio.sleep(30)
        assert word(store) == "Offline"
        assert engine._inbox.dirty
        server.unreachable = False
        await asyncio.sleep(30)
        store.take_changed()
        assert engine.settled

    sync(scene)


def test_older_history_comes_on_request() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        fill(server, 10)
        await asyncio.sleep(2)
        assert len(store.rows("queue_history")) == 4
        assert await engine.load_older(3)
        assert not await engine.load_older(9)
        same(server, store, "queue_history")

    sync(scene, Timings(history=4))


def test_a_flood_is_applied_without_waiting_for_frames() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        await asyncio.sleep(2)
        for number in range(400):
            engine._inbox.arrive(Change("queue_history", "INSERT", {"id": number, "event": "note"}))
        await asyncio.sleep(0.017)
        assert len(store.rows("queue_history")) == 400

    sync(scene, Timings(budget=0.0))


def test_a_table_that_is_not_installed_is_not_listened_to() -> None:
    async def scene(server: FakeServer, store: Store, engine: Engine) -> None:
        server.errors["outbox"] = NotInstalled("The table outbox is missing here.")
        await asyncio.sleep(2)
        server.kill_feed()
        await asyncio.sleep(3)
        assert "outbox" not in server._tables
        assert "jobs" in server._tables

    sync(scene)
