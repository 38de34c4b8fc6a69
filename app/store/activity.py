"""The feed of events: each once, in the order of their time, late ones put in their place."""

from __future__ import annotations

from bisect import bisect_left, insort

from services.domain.records import HistoryEvent

SortKey = tuple[float, int, str]


def event_order(event: HistoryEvent) -> SortKey:
    """Time, then id; ids that are numbers sort as numbers."""
    return (event.created_at or 0.0, len(event.id), event.id)


def comes_after(event: HistoryEvent, other: HistoryEvent) -> bool:
    """Whether `event` is the later one of the two."""
    # As `event_order`; nearly always the times decide.
    at, other_at = event.created_at or 0.0, other.created_at or 0.0
    return at > other_at if at != other_at else event_order(event) > event_order(other)


def insert_once(events: list[HistoryEvent], event: HistoryEvent) -> bool:
    """Put `event` into the ordered list unless it is there; True when it was put in."""
    if not events or comes_after(event, events[-1]):
        events.append(event)
        return True
    key = event_order(event)
    at = bisect_left(events, key, key=event_order)
    if at < len(events) and event_order(events[at]) == key:
        return False
    insort(events, event, key=event_order)
    return True


def take_out(events: list[HistoryEvent], event: HistoryEvent) -> None:
    """Remove `event` from the ordered list if it is there."""
    at = bisect_left(events, event_order(event), key=event_order)
    if at < len(events) and events[at].id == event.id:
        del events[at]


def with_event(events: tuple[HistoryEvent, ...], event: HistoryEvent) -> tuple[HistoryEvent, ...]:
    """The ordered events with one more, unless it is there."""
    if not events:
        return (event,)
    if comes_after(event, events[-1]):
        return (*events, event)
    listed = list(events)
    return tuple(listed) if insert_once(listed, event) else events


def without_event(events: tuple[HistoryEvent, ...], event: HistoryEvent) -> tuple[HistoryEvent, ...]:
    """The events but this one."""
    return tuple(one for one in events if one.id != event.id)


class Activity:
    """The newest events of all jobs, at most `limit` plus a tenth."""

    def __init__(self, limit: int = 20_000) -> None:
        self.events: list[HistoryEvent] = []
        """Oldest first. Read it, don't change it."""
        self._limit = limit

    def add(self, event: HistoryEvent) -> list[HistoryEvent]:
        """Take the event in; returns the old ones that had to go for it."""
        insert_once(self.events, event)
        if len(self.events) <= self._limit * 11 // 10:
            return []
        surplus = len(self.events) - self._limit
        gone, self.events[:surplus] = self.events[:surplus], []
        return gone

    def remove(self, event: HistoryEvent) -> None:
        """The event no longer exists."""
        take_out(self.events, event)

    def newest(self, count: int = 200) -> list[HistoryEvent]:
        """The newest `count` events, newest first."""
        return self.events[: -count - 1 : -1]
