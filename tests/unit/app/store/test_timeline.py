"""The hops of a job, with the gap where it fell silent."""

from __future__ import annotations

import pytest

from app.store.hops import Hops
from app.store.lines import JobLine
from app.store.link import Link
from app.store.timeline import GAP_WORDS, Hop, timeline
from services.domain.diagnosis import Diagnosis, Gap
from services.domain.records import OutboxMessage

LIVE = Link("live")
SENT = OutboxMessage("1", "j1", sent_at=110.0)


def named(hops: list[Hop]) -> dict[str, Hop]:
    return {hop.name: hop for hop in hops}


def silent(gap: Gap) -> JobLine:
    return JobLine("j1", status="in_progress", created_at=100.0, total=5, diagnosis=Diagnosis("x", "failed", gap))


def test_a_job_that_went_well() -> None:
    line = JobLine("j1", status="completed", created_at=100.0, submitted=4, failed=1, total=5)
    found = timeline(line, Hops(112.0, 113.0, 120.0, 300.0), SENT, LIVE, 400.0)
    assert [hop.name for hop in found] == [
        "Paid", "Queued", "Taken", "Flow triggered", "Flow started", "Directories", "Job ends", "Seen here",
    ]  # fmt: skip
    assert [hop.before for hop in found] == ["none", *["passed"] * 7]
    assert {hop.shape for hop in found} == {"ok"}
    assert named(found)["Directories"].words == "5 of 5 tried"
    assert [hop.span for hop in found[:4]] == ["", "10 s", "2 s", "1 s"]


def test_a_failed_job_ends_failed_and_a_cut_link_is_seen_stale() -> None:
    line = JobLine("j1", status="failed", created_at=100.0, failed=5, total=5)
    found = named(timeline(line, Hops(112.0, 113.0, 120.0, 300.0), SENT, Link("reconnecting"), 400.0))
    assert (found["Job ends"].shape, found["Seen here"].shape) == ("failed", "stale")
    assert found["Seen here"].words == "Reconnecting since"


def test_a_running_job_is_in_its_directories() -> None:
    line = JobLine("j1", status="in_progress", created_at=100.0, submitted=1, running=1, waiting=3, total=5)
    found = named(timeline(line, Hops(112.0, 113.0, 120.0), SENT, LIVE, 130.0))
    assert (found["Directories"].shape, found["Directories"].words) == ("running", "1 of 5 tried")
    assert (found["Job ends"].shape, found["Job ends"].before, found["Job ends"].words) == (
        "waiting", "not_yet", "not yet",
    )  # fmt: skip


def test_nothing_is_still_to_come_that_must_have_been() -> None:
    line = JobLine("j1", status="in_progress", created_at=100.0, submitted=1, waiting=4, total=5)
    found = named(timeline(line, Hops(triggered_at=113.0), SENT, LIVE, 130.0))
    assert (found["Flow started"].shape, found["Flow started"].words) == ("waiting", "not seen")
    assert found["Job ends"].words == "not yet"
    line = JobLine("j1", status="completed", created_at=100.0, submitted=5, total=5)
    assert named(timeline(line, Hops(), SENT, LIVE, 130.0))["Directories"].shape == "ok"
    found = named(timeline(JobLine("j1", status="failed", created_at=100.0), Hops(), None, LIVE, 130.0))
    assert (found["Job ends"].shape, found["Job ends"].words) == ("failed", "not seen")
    assert found["Flow started"].shape == "waiting", "nor is it said to have been"


def test_a_waiting_job_has_a_way_to_go() -> None:
    found = named(timeline(JobLine("j1", created_at=100.0), Hops(), None, LIVE, 105.0))
    assert (found["Directories"].shape, found["Queued"].before, found["Queued"].words) == (
        "waiting", "not_yet", "not yet",
    )  # fmt: skip


def test_a_later_hop_proves_the_earlier_ones() -> None:
    found = named(timeline(JobLine("j1", created_at=100.0), Hops(triggered_at=113.0), None, LIVE, 114.0))
    assert (found["Taken"].shape, found["Taken"].words, found["Taken"].before) == ("ok", "not seen", "passed")


@pytest.mark.parametrize(
    ("gap", "hops", "name"),
    [
        ("never_queued", Hops(), "Queued"),
        ("claimed_not_triggered", Hops(112.0), "Flow triggered"),
        ("triggered_not_started", Hops(112.0, 113.0), "Flow started"),
        ("started_not_finalized", Hops(112.0, 113.0, 120.0), "Job ends"),
    ],
)
def test_each_silent_gap_is_where_the_way_broke(gap: Gap, hops: Hops, name: str) -> None:
    message = SENT if gap != "never_queued" else None
    found = timeline(silent(gap), hops, message, LIVE, 4000.0)
    assert [hop.name for hop in found if hop.before == "gap"] == [name]
    assert named(found)[name].span.startswith("1 h ")
    assert GAP_WORDS[gap][0]


def test_a_gap_that_closed_late_is_still_shown() -> None:
    line = JobLine("j1", status="completed", created_at=100.0, submitted=5, total=5)
    found = named(timeline(line, Hops(900.0, 901.0, 905.0, 1000.0), SENT, LIVE, 1100.0))
    assert (found["Taken"].before, found["Taken"].span) == ("gap", "13 min")


def test_hops_out_of_order_have_no_span() -> None:
    found = named(timeline(JobLine("j1", created_at=100.0), Hops(claimed_at=90.0), None, LIVE, 120.0))
    assert (found["Taken"].before, found["Taken"].span) == ("passed", "")
