"""What the console needs of a project, and what of it a project lacks, in words for staff."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from services.domain.pictures import BUCKET

TABLES_FILE: Final = "0001_tables.sql"
ACCESS_FILE: Final = "0002_access.sql"

Kind = Literal["table", "column", "function", "policy", "publication", "bucket"]
PictureFact = Literal["bucket", "see", "add"]


class ProjectFacts(msgspec.Struct, frozen=True):
    """What a project has, as far as this sign-in can tell; None where it can't.

    `tables`: name -> columns. `guarded`: tables with row-level security. `readable`: tables with a policy by which
    somebody who signed in may read. `functions`: those that somebody who signed in may call. `published`: tables whose
    changes are sent live. `pictures`: whether there is a bucket for them, and staff may see and add some. `closed`:
    tables that exist and may not be read. `unsure`: why something was not told.
    """

    tables: dict[str, list[str]]
    functions: list[str]
    guarded: list[str] | None = None
    readable: list[str] | None = None
    published: list[str] | None = None
    pictures: list[PictureFact] | None = None
    closed: list[str] = []
    unsure: str = ""


class Lack(msgspec.Struct, frozen=True):
    """One thing that is missing: `name` such as "jobs.progress", what doesn't work, and the SQL file that adds it."""

    kind: Kind
    name: str
    effect: str
    file: str


class TableNeed(msgspec.Struct, frozen=True):
    """A table and the columns that the console reads in it. `live`: it is followed as it changes.

    `file` makes it; `access` lets staff read it and follow its changes.
    """

    name: str
    columns: tuple[str, ...]
    effect: str
    live: bool = True
    file: str = TABLES_FILE
    access: str = ACCESS_FILE


class FunctionNeed(msgspec.Struct, frozen=True):
    """A function that an act calls. `ids`: its arguments of the type uuid; `others`: the rest that must be given."""

    name: str
    ids: tuple[str, ...]
    others: tuple[str, ...]
    effect: str
    file: str


_ACTS: Final = "0004_staff_acts.sql"
_DECISIONS: Final = "0005_staff_decisions.sql"
_REPLAYS: Final = "0008_replays.sql"
_REVIEWS: Final = "0009_reviews.sql"
_LETTER_DECISIONS: Final = "0011_letter_decisions.sql"
_FORMS: Final = "0012_forms.sql"
_CAPTCHAS: Final = "0013_captchas.sql"
_HELD_RUNS: Final = "0014_held_runs.sql"
PICTURES_FILE: Final = "0010_pictures.sql"

TABLES: Final = (
    TableNeed("customers", ("id", "business_name", "updated_at"), "Jobs are shown without the name of the business."),
    TableNeed(
        "jobs",
        ("id", "customer_id", "status", "package_size", "directories_total", "directories_done", "progress",
         "error_message", "created_at", "updated_at", "version"),
        "No job is shown.",
    ),
    TableNeed("directories", ("id", "name", "submission_url", "updated_at"), "Directories are shown by address only."),
    TableNeed(
        "directory_submissions", ("id", "submission_queue_id", "directory_url", "status", "updated_at", "version"),
        "The work list of a job isn't shown, and its total may be a guess.",
    ),
    TableNeed(
        "job_results",
        ("id", "job_id", "directory_name", "status", "idempotency_key", "response_log", "updated_at", "version"),
        "Outcomes of directories are read from the history only.",
    ),
    TableNeed(
        "queue_history", ("id", "job_id", "directory_name", "event", "details", "created_at"),
        "A job's way through the pipeline isn't shown, so stuck jobs aren't found.",
    ),
    TableNeed("outbox", ("id", "job_id", "sent_at", "created_at"), "Nobody sees that a retry waits to be queued."),
    TableNeed("worker_heartbeats", ("worker_id", "status", "last_heartbeat"), "Silent workers aren't noticed."),
    TableNeed(
        "staff_actions", ("id", "request_id", "act", "target"), "Acts of staff aren't recorded centrally.", False
    ),
    TableNeed(
        "replay_leases", ("id", "who", "machine", "held_until", "updated_at", "version"),
        "Nobody sees who works on the dead letters.", file=_REPLAYS, access=_REPLAYS,
    ),
    TableNeed(
        "staff_operations",
        ("id", "who", "act", "label", "target", "state", "words", "done", "total", "started_at", "updated_at",
         "version"),
        "What colleagues do isn't shown among the operations.", file=_REPLAYS, access=_REPLAYS,
    ),
    TableNeed(
        "form_fingerprints", ("id", "form", "seen", "seen_at", "updated_at", "version"),
        "Whether a directory's form has changed isn't known before a run.", file=_FORMS, access=_FORMS,
    ),
    TableNeed("paused_directories", ("directory_id", "reason"), "Nobody sees which directories are paused."),
)  # fmt: skip
_COLUMN_EFFECTS: Final = {
    "progress": "Progress is counted from results and history.",
    "directories_done": "Progress is counted from results and history.",
    "directories_total": "The total is counted from the work list, else taken from the package.",
    "version": "Of two states of a row, the newer is told by its time only.",
    "idempotency_key": "Whether a directory was submitted before can't be checked here.",
}

_REQUEST: Final = ("p_request_id", "p_job")
FUNCTIONS: Final = (
    FunctionNeed(
        "staff_retry_failed", _REQUEST, ("p_directories", "p_reason"), "Failed directories can't be retried.", _ACTS
    ),
    FunctionNeed(
        "staff_claim_run", ("p_job",), ("p_directory", "p_key", "p_payload", "p_run_id"),
        "Real runs on this computer are off; dry runs work.", _ACTS,
    ),
    FunctionNeed(
        "staff_hold_run", ("p_job",), ("p_directory", "p_key", "p_run_id", "p_why", "p_seconds"),
        "Nobody else sees that a run on somebody's machine waits for a person.", _HELD_RUNS,
    ),
    FunctionNeed(
        "staff_requeue_job", _REQUEST, ("p_expected", "p_reason"), "Lost jobs can't be queued again.", _DECISIONS
    ),
    FunctionNeed(
        "staff_set_job_status", _REQUEST, ("p_to", "p_expected", "p_reason"),
        "Jobs can't be paused, resumed or cancelled.", _DECISIONS,
    ),
    FunctionNeed(
        "staff_declare_outcome", _REQUEST, ("p_directory", "p_outcome", "p_reason", "p_listing_url"),
        "Nobody can say how a submission with an unknown outcome ended.", _DECISIONS,
    ),
    FunctionNeed(
        "staff_review_outcome", _REQUEST, ("p_directory", "p_expected", "p_outcome", "p_reason", "p_listing_url"),
        "Nobody can say whether a doubtful verdict stands.", _REVIEWS,
    ),
    FunctionNeed(
        "staff_accept_form", ("p_request_id", "p_directory_id"), ("p_expected", "p_selectors", "p_form", "p_reason"),
        "A new mapping of a form that has changed can't be accepted.", _FORMS,
    ),
    FunctionNeed(
        "staff_pause_directory", ("p_request_id", "p_directory_id"), ("p_paused", "p_reason"),
        "Directories can't be paused or resumed.", _DECISIONS,
    ),
    FunctionNeed(
        "staff_acknowledge", ("p_request_id",), ("p_target", "p_reason"),
        "Nobody can say that somebody has seen to it.", _DECISIONS,
    ),
    FunctionNeed(
        "staff_hold_dlq", ("p_token",), ("p_dlq", "p_machine", "p_seconds"),
        "Two consoles could replay the same dead letters: replays are off.", _REPLAYS,
    ),
    FunctionNeed(
        "staff_begin_replay", ("p_request_id", "p_token"), ("p_dlq", "p_act", "p_label", "p_total", "p_reason"),
        "Replays aren't recorded centrally: they are off.", _REPLAYS,
    ),
    FunctionNeed(
        "staff_record_decision", ("p_request_id",),
        ("p_act", "p_target", "p_said", "p_reason", "p_said_at", "p_job"),
        "What staff decide about dead letters is recorded on their own machine only.", _LETTER_DECISIONS,
    ),
    FunctionNeed(
        "staff_allow_captchas", ("p_request_id",), ("p_allowed", "p_reason"),
        "Nobody can allow that 2Captcha solves captchas: they are left to people.", _CAPTCHAS,
    ),
)  # fmt: skip


def lacking(facts: ProjectFacts) -> list[Lack]:
    """What the project lacks, tables first. What isn't known isn't lacking."""
    found: list[Lack] = []
    for table in TABLES:
        found += _of_table(table, facts)
    for function in FUNCTIONS:
        if function.name not in facts.functions:
            found.append(Lack("function", function.name, function.effect, function.file))
    return found + _of_pictures(facts.pictures)


def _of_pictures(facts: list[PictureFact] | None) -> list[Lack]:
    if facts is None:
        return []
    if "bucket" not in facts:
        effect = "A run's last picture stays on the machine that took it: nobody else sees it."
        return [Lack("bucket", BUCKET, effect, PICTURES_FILE)]
    rights: tuple[tuple[PictureFact, str], ...] = (
        ("see", "The pictures of workers are there, but no console shows them."),
        ("add", "The pictures of runs on staff machines stay on them: nobody else sees them."),
    )
    return [
        Lack("policy", f"{BUCKET}: staff may {right}", effect, PICTURES_FILE)
        for right, effect in rights if right not in facts
    ]  # fmt: skip


def _of_table(need: TableNeed, facts: ProjectFacts) -> list[Lack]:
    if need.name in facts.closed:
        return [Lack("policy", f"{need.name}: staff may read", need.effect, need.access)]
    if need.name not in facts.tables:
        return [Lack("table", need.name, need.effect, need.file)]
    found = [
        Lack("column", f"{need.name}.{column}", _COLUMN_EFFECTS.get(column, need.effect), need.file)
        for column in need.columns
        if column not in facts.tables[need.name]
    ]
    if facts.guarded is not None and need.name not in facts.guarded:
        found.append(
            Lack("policy", f"{need.name}: row-level security", "Anybody with the public key may see it.", need.access)
        )
    elif facts.readable is not None and need.name not in facts.readable:
        found.append(Lack("policy", f"{need.name}: staff may read", need.effect, need.access))
    if need.live and facts.published is not None and need.name not in facts.published:
        found.append(
            Lack("publication", need.name, "Its changes don't come live; the console reads it anew now and then.",
                 need.access)
        )  # fmt: skip
    return found
