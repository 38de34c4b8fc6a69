"""The parts that the page of a run is put together from, each of which takes long to build."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, Self

from app.desk import Desk
from widgets.pages.runs.below import Below
from widgets.pages.runs.inspector import Inspector
from widgets.pages.runs.job_picker import JobPicker
from widgets.pages.runs.stage import Stage
from widgets.pages.runs.step_side import StepSide


class Parts(NamedTuple):
    """All that takes longer than a moment."""

    picker: JobPicker
    side: StepSide
    stage: Stage
    below: Below
    inspector: Inspector

    @classmethod
    def in_turns(cls, desk: Desk) -> Generator[None, None, Self]:
        """Build them over several turns of the loop."""
        picker, side = JobPicker(desk.store.jobs.lines.values), StepSide()
        yield
        stage = Stage(desk.data_dir)
        below = yield from Below.in_turns(desk)
        yield
        inspector = Inspector()
        return cls(picker, side, stage, below, inspector)
