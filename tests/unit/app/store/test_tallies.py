"""Jobs counted by differences equal jobs counted one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.store.lines import JobLine
from app.store.tallies import QUARTER, Tallies
from services.domain.diagnosis import Diagnosis

GAP = Diagnosis("silent", "failed", "started_not_finalized")
lines = st.builds(
    JobLine,
    id=st.sampled_from("abcdef"),
    status=st.sampled_from(["pending", "in_progress", "completed", "failed", "odd"]),
    unknown=st.integers(0, 2),
    created_at=st.one_of(st.none(), st.integers(1, 20).map(float)),
    completed_at=st.one_of(st.none(), st.integers(0, 6).map(lambda quarter: quarter * QUARTER + 5.0)),
    diagnosis=st.sampled_from([Diagnosis(), GAP]),
)


@given(st.lists(st.tuples(lines, st.booleans()), max_size=40))
def test_any_changes_add_up(steps: list[tuple[JobLine, bool]]) -> None:
    held: dict[str, JobLine] = {}
    tallies = Tallies(held)
    for line, comes in steps:
        old = held.pop(line.id, None)
        if comes:
            held[line.id] = line
        tallies.move(old, line if comes else None)
        all_lines = list(held.values())
        counts = tallies.counts()
        assert counts.total == len(all_lines)
        assert counts.pending == sum(one.status == "pending" for one in all_lines)
        assert counts.failed == sum(one.status == "failed" for one in all_lines)
        assert counts.unknown == sum(one.unknown > 0 for one in all_lines)
        assert counts.unknown_directories == sum(one.unknown for one in all_lines)
        assert tallies.silent == sum(one.status == "in_progress" and one.diagnosis == GAP for one in all_lines)
        pending = [one.created_at or 0.0 for one in all_lines if one.status == "pending"]
        assert tallies.oldest_pending() == min(pending, default=None)
        ended = [one.completed_at for one in all_lines if one.status == "completed" and one.completed_at is not None]
        assert tallies.ended_since("completed", 3 * QUARTER) == sum(at >= 3 * QUARTER for at in ended)
