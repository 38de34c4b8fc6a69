"""How true the screen is: the phases of sync, and the seven words of the badge."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from services.domain.statuses import Shape

Phase = Literal[
    "starting", "joining", "catching_up", "live", "reconnecting", "polling", "offline", "signed_out", "not_permitted"
]
Word = Literal[
    "Live", "Catching up", "Reconnecting since", "Polling", "Offline", "Signed out", "Not permitted",
]  # fmt: skip

BADGE: Final[dict[Phase, tuple[Word, Shape]]] = {
    "starting": ("Catching up", "running"),
    "joining": ("Catching up", "running"),
    "catching_up": ("Catching up", "running"),
    "live": ("Live", "ok"),
    "reconnecting": ("Reconnecting since", "stale"),
    "polling": ("Polling", "stale"),
    "offline": ("Offline", "failed"),
    "signed_out": ("Signed out", "blocked"),
    "not_permitted": ("Not permitted", "blocked"),
}
"""Each phase's word and shape: the one table that the badge reads."""


CUT_OFF: Final[frozenset[Phase]] = frozenset({"reconnecting", "offline", "signed_out", "not_permitted"})
"""Phases in which nothing new comes in."""

AWAY: Final[frozenset[Phase]] = frozenset({"reconnecting", "offline"})
"""Of these, the two that take turns while a server is away: to staff it is one time since when."""


class Link(msgspec.Struct, frozen=True):
    """The state of the link. `since` is unix seconds, `why` one sentence or ""."""

    phase: Phase = "starting"
    since: float = 0.0
    why: str = ""

    @property
    def word(self) -> Word:
        """What the badge says; after "Reconnecting since" it adds the time of `since`."""
        return BADGE[self.phase][0]

    @property
    def shape(self) -> Shape:
        """The shape beside the word."""
        return BADGE[self.phase][1]

    @property
    def live(self) -> bool:
        """True only while changes flow and the first read is complete."""
        return self.phase == "live"


class TableState(msgspec.Struct, frozen=True):
    """How far one table can be trusted.

    `as_of`: unix seconds (server's clock) of the last complete read, None before the first.
    `problem`: one sentence; `kind` tells why: "" fine, "not_permitted", "not_installed", "not_reachable", "refused".
    """

    as_of: float | None = None
    kind: Literal["", "not_permitted", "not_installed", "not_reachable", "refused"] = ""
    problem: str = ""
    hint: str = ""
    complete: bool = True
    """False when only the newest rows are held."""
    polled: bool = False
    """True when the feed doesn't tell of this table's changes, so that it is read again every few seconds."""
    kept: bool = False
    """True while the rows are those of an earlier start: nothing was read of this table yet."""

    @property
    def loaded(self) -> bool:
        """True once a read succeeded; before that an empty list means nothing."""
        return self.as_of is not None
