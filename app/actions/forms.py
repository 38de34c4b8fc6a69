"""Acts on a directory's form: accepting a mapping that fits it as it is now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from app.actions.database_acts import DatabaseActs
from app.actions.operations import Operation
from app.actions.registry import ACCEPT_FORM, why_not
from app.store.store import Store
from services.domain.errors import ConsoleError
from services.domain.fingerprints import FormFingerprint
from services.domain.forms import Difference, Form, differences, form_log
from services.domain.mappings import Proposal, corrected, propose
from services.domain.records import Directory
from services.ports.wishes import FormMappings


class Drift(msgspec.Struct, frozen=True):
    """A form beside the one that was known. `known` is None where none was submitted yet, from what is kept."""

    host: str
    directory: Directory
    known: Form | None
    now: Form
    differences: tuple[Difference, ...]
    proposal: Proposal

    @property
    def is_same(self) -> bool:
        """Whether nothing is other than it was, and nothing is open."""
        return not (self.differences or self.proposal.changes or self.proposal.open)


class FormActs:
    """A directory is named by its host. `role` tells whose hands these are."""

    def __init__(
        self, acts: FormMappings, database: DatabaseActs, store: Store, role: Callable[[], str | None]
    ) -> None:
        self._acts = acts
        self._database = database
        self._store = store
        self._role = role

    def drift(self, host: str, seen: Form | None = None, edits: Sequence[tuple[str, str]] = ()) -> Drift | None:
        """How the form differs from the one that was known: as a run just saw it (`seen`), else as it was seen last.
        `edits`: selectors that a person changed in a run, as they were and as they are.
        None where either nothing was seen or the directory isn't known."""
        directory = self._store.jobs.directory_at(host)
        kept = self._store.get("form_fingerprints", host)
        known = kept.form if isinstance(kept, FormFingerprint) else None
        now = seen or (kept.seen if isinstance(kept, FormFingerprint) else None)
        if directory is None or now is None:
            return None
        differs = tuple(differences(known, now)) if known is not None else ()
        by_hand = corrected(directory.field_selectors, edits)
        found = propose(by_hand.selectors, known, now)
        found = msgspec.structs.replace(found, changes=(*by_hand.changes, *found.changes))
        return Drift(host, directory, known, now, differs, found)

    def why_not_accept(self, drift: Drift | None) -> str:
        """Why the proposed mapping can't be accepted; "" when it may be pressed."""
        if refusal := why_not(ACCEPT_FORM, self._role()):
            return refusal
        if drift is None:
            return "Its form has not been seen yet."
        if drift.is_same:
            return "The form is as it was known."
        if not drift.proposal.selectors.get("fields"):
            return "Nothing on the form could be recognised."
        state = self._store.state("form_fingerprints")
        if not state.loaded:
            return state.problem or "It isn't known yet which forms are kept."
        if self._database.is_asking(drift.directory.id):
            return "An act on this directory is running."
        return ""

    async def accept(self, drift: Drift, *, reason: str) -> Operation:
        """Write the proposed mapping; the operation as it stands at the end. Raises ConsoleError when it is off."""
        if refusal := self.why_not_accept(drift):
            raise ConsoleError(refusal)
        directory = drift.directory
        return await self._database.carry_out(
            ACCEPT_FORM,
            f"Accept the new form of {drift.host}",
            directory.id,
            lambda request: self._acts.accept_form(
                request_id=request,
                directory_id=directory.id,
                expected=directory.field_selectors,
                selectors=drift.proposal.selectors,
                form=form_log(drift.now),
                reason=reason,
            ),
            lambda _: ("Accepted: plans are made for the new form", 1),
            reason=reason,
        )
