"""A sign-in beside a clock that is wrong, that is set, or that stood while the machine slept."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from services.clients import supabase_session
from services.domain.errors import SignedOut
from tests.unit.services.clients.test_ends_of_sign_in import Project, asked, run
from tests.unit.services.clients.test_odd_renewals import GOOD
from tests.waiting import until

LIFE = 3600.0
assert GOOD["expires_in"] == LIFE


class Clocks:
    """The wall clock and the one that only counts, as the session reads them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.counted = 1_700_000_000.0, 50.0
        clocks = SimpleNamespace(time=lambda: self.wall, monotonic=lambda: self.counted)
        monkeypatch.setattr(supabase_session, "time", clocks)

    def go(self, seconds: float, *, wall: float | None = None) -> None:
        self.counted += seconds
        self.wall += seconds if wall is None else wall


@pytest.mark.parametrize("wrong_by", [-10 * LIFE, 0.0, 10 * LIFE])
def test_a_wall_clock_that_is_wrong_from_the_start_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, wrong_by: float
) -> None:
    """The project says when a token ends by its own clock; only how long it lives is asked of ours."""
    clocks = Clocks(monkeypatch)
    clocks.wall += wrong_by

    async def suite(project: Project) -> None:
        session = await project.session()
        first = await session.token()
        clocks.go(LIFE * 0.49)
        assert await session.token() == first
        clocks.go(LIFE * 0.02)
        assert await session.token() != first
        await session.close()
        assert project.asked == ["password", "refresh r1"]

    run(suite)


def test_a_machine_that_slept_renews_by_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)

    async def suite(project: Project) -> None:
        session = await project.session()
        first = await session.token()
        clocks.go(1.0, wall=LIFE * 3)
        assert await session.token() != first
        await session.close()

    run(suite)


def test_a_clock_that_is_set_back_delays_no_renewal_and_one_set_ahead_costs_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clocks = Clocks(monkeypatch)

    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        clocks.go(LIFE * 0.6, wall=-10 * LIFE)
        await session.token()
        clocks.go(1.0, wall=10 * LIFE)
        for _ in range(3):
            await session.token()
        await session.close()
        assert project.asked == ["password", "refresh r1", "refresh r2"]

    run(suite)


def test_a_sign_in_is_kept_fresh_with_a_wrong_clock_until_the_project_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    clocks.wall = 0.0
    monkeypatch.setattr(supabase_session, "_LOOK_EVERY", 0.001)

    async def suite(project: Project) -> None:
        session = await project.session()
        await session.token()
        keeping = asyncio.ensure_future(session.keep_fresh())
        for number in (1, 2, 3):
            clocks.go(LIFE * 0.6)
            await asked(project, f"refresh r{number}")
        await until(lambda: session.access_token == "a4")
        assert await session.sign_out()
        with pytest.raises(SignedOut):
            await keeping
        await session.close()

    assert run(suite) == []
