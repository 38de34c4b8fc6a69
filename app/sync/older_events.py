"""Events that are older than those held, of one job or of all: read when somebody wants to see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from app import tasks
from services.domain.errors import ConsoleError

READING: Final = "Reading older events"


class OlderEvents:
    """One job at a time: whoever looks at another one needs the one before no more. "" stands for all jobs.

    `version` counts up whenever `words` may have changed.
    """

    def __init__(
        self, load: Callable[[str], Awaitable[object]], held: Callable[[str], bool], *, task: str = "older events"
    ) -> None:
        """`load(job_id)` reads older events of a job, or raises ConsoleError; `held(job_id)`: whether all are here.

        `task`: the name of its reading; another one of the same name ends it.
        """
        self._task = task
        self._load = load
        self._held = held
        self._job_id = ""
        self._problem = ""
        self._reading = False
        self.version = 0

    def want(self, job_id: str) -> None:
        """Read all events of a job unless they are held, or are being read, or could not be read just now."""
        if job_id == self._job_id and (self._reading or self._problem):
            return
        if self._held(job_id):
            return
        self._begin(job_id)

    def try_again(self) -> None:
        """Read what could not be read."""
        if self._problem:
            self._begin(self._job_id)

    def words(self, job_id: str) -> tuple[str, bool]:
        """What to say about the older events of a job, "" when all are held; and whether reading them failed."""
        if job_id != self._job_id:
            return "", False
        return (READING, False) if self._reading else (self._problem, bool(self._problem))

    def _begin(self, job_id: str) -> None:
        self._job_id, self._problem, self._reading = job_id, "", True
        self.version += 1
        tasks.supersede(self._task, self._read(job_id))

    async def _read(self, job_id: str) -> None:
        try:
            await self._load(job_id)
        except ConsoleError as error:
            self._end(f"Older events could not be read. {error}")
        except Exception:
            self._end("Older events could not be read.")
            raise
        else:
            self._end("")

    def _end(self, problem: str) -> None:
        self._problem, self._reading = problem, False
        self.version += 1
