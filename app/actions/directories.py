"""Acts on a directory: kept out of new work lists, or let in again."""

from __future__ import annotations

from collections.abc import Callable

from app.actions.database_acts import DatabaseActs
from app.actions.operations import Operation
from app.actions.registry import PAUSE_DIRECTORY, RESUME_DIRECTORY, Act, why_not
from app.store.store import Store
from services.domain.errors import ConsoleError
from services.domain.paused import PausedDirectory
from services.ports.wishes import DirectoryPauses


class DirectoryActs:
    """A directory is named by its host, as the pages of jobs have it. `role` tells whose hands these are."""

    def __init__(
        self, acts: DirectoryPauses, database: DatabaseActs, store: Store, role: Callable[[], str | None]
    ) -> None:
        self._acts = acts
        self._database = database
        self._store = store
        self._role = role

    def paused(self, host: str) -> PausedDirectory | None:
        """Since when and why this directory is paused; None when it is in use, or nothing is known of it."""
        directory = self._store.jobs.directory_at(host)
        found = self._store.get("paused_directories", directory.id) if directory is not None else None
        return found if isinstance(found, PausedDirectory) else None

    def act_for(self, host: str) -> Act:
        """Pausing, or resuming where it is paused."""
        return RESUME_DIRECTORY if self.paused(host) else PAUSE_DIRECTORY

    def why_not(self, host: str) -> str:
        """Why that act is off for this directory; "" when it may be pressed."""
        if not host:
            return "Choose a directory first."
        if refusal := why_not(self.act_for(host), self._role()):
            return refusal
        state = self._store.state("paused_directories")
        if not state.loaded:
            return state.problem or "It isn't known yet which directories are paused."
        directory = self._store.jobs.directory_at(host)
        if directory is None:
            return "It isn't among the project's directories any more."
        if self._database.is_asking(directory.id):
            return "An act on this directory is running."
        return ""

    async def set_paused(self, host: str, paused: bool, *, reason: str, job_id: str = "") -> Operation:
        """Pause or resume it. `job_id`: the job on whose page it was pressed; its row there shows the act.

        Returns the operation as it stands at the end. Raises ConsoleError when the act is off.
        """
        act = PAUSE_DIRECTORY if paused else RESUME_DIRECTORY
        if refusal := self.why_not(host):
            raise ConsoleError(refusal)
        if act is not self.act_for(host):
            raise ConsoleError(f"{host} is {'paused' if paused else 'in use'} already.")
        directory = self._store.jobs.directory_at(host)
        assert directory is not None
        return await self._database.carry_out(
            act,
            f"{'Pause' if paused else 'Resume'} {host}",
            directory.id,
            lambda request: self._acts.pause_directory(
                request_id=request, directory_id=directory.id, paused=paused, reason=reason
            ),
            lambda _: ("Paused: on no new work list" if paused else "In use: on new work lists again", 1),
            job_id=job_id,
            hosts=(host,),
            reason=reason,
        )
