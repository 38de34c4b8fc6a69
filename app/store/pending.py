"""Acts of this console that the rows don't show yet: laid over the confirmed state, never counted in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

import msgspec

from services.domain.records import HistoryEvent, Job
from services.domain.statuses import Shape

LIMIT: Final = 60.0
"""Seconds after which an act that nothing answers has an unknown outcome."""
SAID: Final = 60.0
"""Seconds for which a failure stays on its row; in the Operations list it stays for good."""

WishState = Literal["asked", "answered", "failed", "unknown"]
_SHAPES: Final[dict[WishState, Shape]] = {
    "asked": "send", "answered": "send", "failed": "failed", "unknown": "unknown",
}  # fmt: skip


class Wish(msgspec.Struct, frozen=True, gc=False):
    """One act. `hosts` are the directories that it aims at, none for the job as a whole.

    `answered`: the other side did it, and its rows are still to come. Times are unix seconds by the server's clock.
    """

    id: str
    act: str
    """What staff call it, such as Pause."""
    job_id: str
    hosts: tuple[str, ...] = ()
    since: float = 0.0
    state: WishState = "asked"
    why: str = ""
    """A sentence."""
    moved: float = 0.0
    """When `state` became what it is."""
    status: str = ""
    """The job's status at the press."""
    limit: float = LIMIT
    """Seconds for which an answer is waited for."""
    told: bool = False
    """Something says that its effect is there, but rows of the job are still to be read again."""

    @property
    def shape(self) -> Shape:
        """The shape beside its words."""
        return _SHAPES[self.state]

    def words(self, clock: str) -> str:
        """What its row says, the reason left out; `clock` is the time of `since` as people read it."""
        if self.state == "failed":
            return f"{self.act}: not done"
        if self.state == "unknown":
            return f"Outcome unknown: {self.act}, {clock}"
        return f"{self.act}: pending since {clock}"

    def whole(self, clock: str) -> str:
        """The same with the reason."""
        return f"{self.words(clock)}. {self.why}" if self.why else self.words(clock)


class Pending:
    """Acts tell of their wishes, the store of what arrives. `touched(job_id, hosts)` is called for each change."""

    def __init__(self, now: Callable[[], float], touched: Callable[[str, Iterable[str]], None]) -> None:
        self._now = now
        self._touched = touched
        self._wishes: dict[str, Wish] = {}
        self._by_job: dict[str, tuple[str, ...]] = {}
        self.doubts: Callable[[str], bool] = lambda _: False
        """Whether a held row of this job may be older than the project's; sync knows."""

    def of(self, job_id: str, host: str | None = None) -> Wish | None:
        """The newest act on a job, or (`host`) of those that aim at one of its directories; None when there is none."""
        if not self._by_job:
            return None
        for wish_id in reversed(self._by_job.get(job_id, ())):
            wish = self._wishes[wish_id]
            if host is None or host in wish.hosts:
                return wish
        return None

    def __iter__(self) -> Iterator[Wish]:
        return iter(self._wishes.values())

    # For acts

    def begin(
        self,
        wish_id: str,
        act: str,
        job_id: str,
        hosts: Iterable[str] = (),
        *,
        status: str = "",
        ago: float = 0.0,
        limit: float = LIMIT,
    ) -> None:
        """An act was asked for `ago` seconds before now. `limit`: seconds after which it is unknown by itself."""
        now = self._now()
        for earlier in [self._wishes[one] for one in self._by_job.get(job_id, ())]:
            if earlier.state == "failed":
                self._drop(earlier)
        self._by_job[job_id] = (*self._by_job.get(job_id, ()), wish_id)
        self._put(Wish(wish_id, act, job_id, tuple(hosts), now - ago, "asked", "", now, status, limit))

    def answered(self, wish_id: str) -> None:
        """The other side says that it is done: the rows will show it."""
        self._move(wish_id, "answered", "")

    def failed(self, wish_id: str, why: str) -> None:
        """It was not done."""
        self._move(wish_id, "failed", why)

    def unknown(self, wish_id: str, why: str) -> None:
        """Nobody knows whether it was done."""
        self._move(wish_id, "unknown", why)

    def dropped(self, wish_id: str) -> None:
        """It was taken back before anything was asked for."""
        wish = self._wishes.get(wish_id)
        if wish is not None:
            self._drop(wish)

    def knows(self, wish_id: str) -> bool:
        """Whether it is still shown."""
        return wish_id in self._wishes

    # For the store

    def event_came(self, event: HistoryEvent) -> None:
        """An event that bears an act's request id is its answer."""
        wish = self._wishes.get(str(event.details.get("request_id"))) if self._wishes else None
        if wish is not None:
            self._shown(wish)

    def job_changed(self, job: Job) -> None:
        """A job whose status moved after the answer shows what was asked for, where the history can't be read."""
        for wish_id in self._by_job.get(job.id, ()):
            wish = self._wishes[wish_id]
            if wish.told or (wish.state == "answered" and wish.status and job.status != wish.status):
                self._shown(wish)

    def tick(self, read_at: float | None) -> None:
        """Time went by; `read_at`: when the newest complete read of the jobs began, unix seconds."""
        now = self._now()
        for wish in list(self._wishes.values()):
            age = now - wish.moved
            if wish.told or (wish.state == "answered" and read_at is not None and read_at > wish.moved):
                # That read was asked for after the answer: whatever it brings is the effect.
                self._shown(wish)
            elif wish.state == "asked" and age >= wish.limit:
                self.unknown(wish.id, "Nothing came of it yet.")
            elif wish.state == "failed" and age >= SAID:
                self._drop(wish)

    def _shown(self, wish: Wish) -> None:
        """Its effect is there; the mark stays until the rows that show it are."""
        if not self.doubts(wish.job_id):
            self._drop(wish)
        elif not wish.told:
            self._put(msgspec.structs.replace(wish, state="answered", why="", told=True))

    def _move(self, wish_id: str, state: WishState, why: str) -> None:
        wish = self._wishes.get(wish_id)
        if wish is not None:
            self._put(msgspec.structs.replace(wish, state=state, why=why, moved=self._now()))

    def _put(self, wish: Wish) -> None:
        self._wishes[wish.id] = wish
        self._touched(wish.job_id, wish.hosts)

    def _drop(self, wish: Wish) -> None:
        del self._wishes[wish.id]
        left = tuple(one for one in self._by_job[wish.job_id] if one != wish.id)
        if left:
            self._by_job[wish.job_id] = left
        else:
            del self._by_job[wish.job_id]
        self._touched(wish.job_id, wish.hosts)
