"""What the store must hold after so many changes of a world, worked out by the plainest code there is."""

from __future__ import annotations

import itertools
from collections import defaultdict

import msgspec

from app.store.store import Store
from tests.bench.world import World


class Expected(msgspec.Struct):
    """`due`: for each job, the number of each change of it that its line's `done` counts, in order."""

    jobs: dict[str, tuple[int, int]]
    """Version and directories_done by job."""
    results: dict[str, dict[str, str]]
    """Outcome by directory by job."""
    due: dict[str, list[int]]
    events: int = 0


def expected(world: World, count: int) -> Expected:
    """After the first `count` changes."""
    jobs = {row["id"]: (row["version"], row["directories_done"]) for row in world.jobs}
    found = Expected(jobs, defaultdict(dict), defaultdict(list))
    for number, (table, _, row) in enumerate(itertools.islice(world.changes(), count)):
        if table == "jobs":
            found.jobs[row["id"]] = (row["version"], row["directories_done"])
        elif table == "job_results":
            found.results[row["job_id"]][row["directory_name"]] = row["status"]
            found.due[row["job_id"]].append(number)
        else:
            found.events += 1
    return found


def differences(store: Store, wanted: Expected) -> list[str]:
    """Where the store says something else, at most a few of them; [] when it is right."""
    wrong: list[str] = []
    rows = store.rows("jobs")
    if rows.keys() != wanted.jobs.keys() or store.jobs.lines.keys() != wanted.jobs.keys():
        wrong.append(f"{len(rows)} jobs and {len(store.jobs.lines)} lines instead of {len(wanted.jobs)}")
    for key, (version, done) in wanted.jobs.items():
        row, line = rows[key], store.jobs.lines[key]
        outcomes = list(wanted.results.get(key, {}).values())
        counts = (outcomes.count("submitted"), outcomes.count("failed"))
        if (row.version, row.directories_done) != (version, done) or (line.submitted, line.failed) != counts:
            wrong.append(f"job {key}: {row}, {line} instead of {(version, done)}, {counts}")
    results = sum(map(len, wanted.results.values()))
    if len(store.rows("job_results")) != results:
        wrong.append(f"{len(store.rows('job_results'))} results instead of {results}")
    counts_now = store.counts()
    if counts_now.total != len(wanted.jobs):
        wrong.append(f"{counts_now.total} jobs are counted instead of {len(wanted.jobs)}")
    return wrong[:5]
