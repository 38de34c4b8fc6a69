"""The plan of an act on many jobs, kept so that what a crash has left of it can be gone on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from app.actions.database_acts import NOT_CARRIED_OUT
from app.actions.operations import Operation


class Plan(msgspec.Struct, frozen=True):
    """Jobs in their order, and by job the directories that a retry was weighed for."""

    jobs: tuple[str, ...]
    hosts: dict[str, list[str]]


def as_text(jobs: Iterable[str], hosts: Mapping[str, Sequence[str]]) -> str:
    """A plan to keep."""
    return msgspec.json.encode(Plan(tuple(jobs), {key: list(some) for key, some in hosts.items()})).decode()


def from_text(text: str) -> Plan:
    """The plan again; one without jobs where none was kept."""
    return msgspec.json.decode(text, type=Plan) if text else Plan((), {})


def newest(items: Sequence[Operation]) -> dict[str, Operation]:
    """By job its newest item, of items in the order in which they were begun."""
    return {item.target: item for item in items}


def is_left(item: Operation | None) -> bool:
    """Whether the act is still to be done for a job with this item: one of unknown end may have been."""
    return item is None or (item.state == "failed" and item.words == NOT_CARRIED_OUT)
