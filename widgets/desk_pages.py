"""The pages of one sign-in, built one after the other while the window stays alive."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, NamedTuple, Self, TypeVar

from PySide6.QtWidgets import QWidget

from app.desk import Desk
from widgets.main_window import MainWindow, PageEntry
from widgets.pages.activity import ActivityPage
from widgets.pages.dead_letters import DeadLettersPage
from widgets.pages.health import HealthPage
from widgets.pages.job.page import JobPage
from widgets.pages.jobs import JobsPage
from widgets.pages.operations import OperationsPage
from widgets.pages.overview import OverviewPage
from widgets.pages.review import ReviewPage
from widgets.pages.runs import RunsPage
from widgets.pages.settings import SettingsPage

_Page = TypeVar("_Page", bound=QWidget)


class DeskPages(NamedTuple):
    """All that `set_pages` is to show."""

    overview: OverviewPage
    jobs: JobsPage
    job: JobPage
    letters: DeadLettersPage
    runs: RunsPage
    review: ReviewPage
    activity: ActivityPage
    operations: OperationsPage
    health: HealthPage
    settings: SettingsPage

    @classmethod
    def in_turns(cls, desk: Desk, window: MainWindow, kept: dict[str, Any]) -> Generator[None, None, Self]:
        """Build them over many turns of the loop. `kept`: what the last start left, and the next one finds."""
        # Each under its final parent from the start: to move a whole page below another one takes long.
        stack, body, toasts = window.stack, window.body, window.toasts
        overview = yield from _taken_in(window, (yield from OverviewPage.in_turns(desk, stack)))
        jobs = yield from _taken_in(
            window,
            JobsPage(
                desk, stack, kept=_part(kept, "jobs"), say_end=lambda words, shape: toasts.say(words, shape=shape)
            ),
        )
        job = yield from _taken_in(window, (yield from JobPage.in_turns(desk, body, stack)))
        building = DeadLettersPage.in_turns(desk, stack, toasts=toasts, body=body)
        letters = yield from _taken_in(window, (yield from building))
        runs = yield from _taken_in(window, (yield from RunsPage.in_turns(desk, stack)))
        review = yield from _taken_in(window, (yield from ReviewPage.in_turns(desk, body, stack)))
        activity = yield from _taken_in(window, ActivityPage(desk, stack, kept=_part(kept, "activity")))
        health = yield from _taken_in(window, HealthPage(desk, stack))
        settings = yield from _taken_in(window, SettingsPage(desk, stack))
        operations = yield from _taken_in(window, OperationsPage(desk, stack))
        return cls(overview, jobs, job, letters, runs, review, activity, operations, health, settings)

    def entries(self) -> list[PageEntry]:
        """Their names, words and keys, in the order of the rail."""
        return [
            PageEntry("overview", "Overview", "layout-dashboard", self.overview, key="o"),
            PageEntry("jobs", "Jobs", "list-checks", self.jobs, key="j"),
            PageEntry("job", "Job", "list-checks", self.job, hidden=True),
            PageEntry("dead_letters", "Dead letters", "mail-x", self.letters, key="d"),
            PageEntry("runs", "Runs", "square-play", self.runs, key="r"),
            PageEntry("review", "To check", "square-play", self.review, hidden=True),
            PageEntry("activity", "Activity", "activity", self.activity, key="a"),
            PageEntry("operations", "Operations", "activity", self.operations, key="p", hidden=True),
            PageEntry("health", "Health", "heart-pulse", self.health, key="h"),
            PageEntry("settings", "Settings", "settings", self.settings, key="s", foot=True),
        ]


def _taken_in(window: MainWindow, page: _Page) -> Generator[None, None, _Page]:
    window.add_widget(page)
    yield
    return page


def _part(kept: dict[str, Any], name: str) -> dict[str, Any]:
    """What belongs to one page, to be read and written by it."""
    kept[name] = dict(kept.get(name) or {})
    part: dict[str, Any] = kept[name]
    return part
