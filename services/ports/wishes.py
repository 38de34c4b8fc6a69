"""Ports that change something: acts of staff, the queues, and browser runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

from services.domain.captchas import CaptchaPermission
from services.domain.errors import ConsoleError
from services.domain.plans import Plan
from services.domain.run_commands import Command
from services.domain.statuses import Declared


class StaffActs(Protocol):
    """Acts of staff that the database carries out, each in one transaction with its audit row."""

    async def retry_failed(
        self, *, request_id: str, job_id: str, directories: Sequence[str] | None, reason: str
    ) -> dict[str, Any]:
        """{job_id, directories, outbox_id}. The same request id twice gives the same answer once done."""
        ...

    async def requeue_job(self, *, request_id: str, job_id: str, expected: str, reason: str) -> dict[str, Any]:
        """{job_id, outbox_id}. Refused unless the job's status is `expected`. Done once, as all acts of staff are."""
        ...

    async def set_job_status(
        self, *, request_id: str, job_id: str, to: str, expected: str, reason: str
    ) -> dict[str, Any]:
        """{job_id, status}, also outbox_id when it was resumed. `to`: paused, pending or cancelled."""
        ...

    async def declare_outcome(
        self, *, request_id: str, job_id: str, directory: str, outcome: Declared, reason: str, listing_url: str
    ) -> dict[str, Any]:
        """{job_id, directory, outcome}. `listing_url` may be empty."""
        ...

    async def review_outcome(
        self, *, request_id: str, job_id: str, directory: str, expected: str, outcome: Declared, reason: str,
        listing_url: str,
    ) -> dict[str, Any]:  # fmt: skip
        """{job_id, directory, outcome}. Refused unless its outcome is `expected`: submitted or failed."""
        ...


class DirectoryPauses(Protocol):
    """Directories kept out of new work lists; each act in one transaction with its audit row, done once."""

    async def pause_directory(self, *, request_id: str, directory_id: str, paused: bool, reason: str) -> dict[str, Any]:
        """{directory_id, directory, paused}. Refused when the directory is so already."""
        ...


class FormMappings(Protocol):
    """Which field of a directory's form takes what; written in one transaction with its audit row, done once."""

    async def accept_form(
        self, *, request_id: str, directory_id: str, expected: Mapping[str, Any], selectors: Mapping[str, Any],
        form: Mapping[str, Any], reason: str,
    ) -> dict[str, Any]:  # fmt: skip
        """{directory_id, directory, field_selectors}. Refused unless the mapping is `expected`."""
        ...


class Acknowledgements(Protocol):
    """Notes that somebody has seen to it."""

    async def acknowledge(self, *, request_id: str, target: str, reason: str) -> dict[str, Any]:
        """{target}: what it is about, such as a job's id or a message's."""
        ...


class RunClaims(Protocol):
    """A directory taken for a real run on this machine, and its outcome; both written and audited by the database."""

    async def claim_run(
        self, *, job_id: str, directory: str, key: str, payload: Mapping[str, Any], run_id: str
    ) -> Literal["claimed", "duplicate", "in_flight", "outcome_unknown"]:
        """Take a directory for a real run on this machine."""
        ...

    async def hold_run(self, *, job_id: str, directory: str, key: str, run_id: str, why: str, seconds: int) -> bool:
        """Say that a claimed run waits for a person for so long, or (0) goes on; False when the claim is no longer
        ours. `why`: as the run's `held` event has it."""
        ...

    async def finish_run(
        self,
        *,
        job_id: str,
        directory: str,
        key: str,
        run_id: str,
        status: str,
        response_log: Mapping[str, Any],
        screenshot_url: str | None,
        listing_url: str | None,
        error: str | None,
        duration_ms: int,
    ) -> bool:
        """Write the outcome of a claimed run; False when the claim is no longer ours."""  # fmt: skip
        ...


class PictureStore(Protocol):
    """Pictures of runs in the project's storage. NotInstalled: it has none, or not this one."""

    def owns(self, address: str) -> bool:
        """Whether this is an address that `put` gives."""
        ...

    async def put(self, name: str, data: bytes) -> str:
        """Keep a JPEG under a name of `services.domain.pictures`, once; where it is seen from then on."""
        ...

    async def get(self, address: str) -> bytes:
        """A picture of this project, by its address."""
        ...

    async def check(self) -> None:
        """Ask whether there is a place for them, without putting anything there. NotInstalled: there is none."""
        ...


class QueueFigures(msgspec.Struct, frozen=True):
    """Approximate counts of one queue, and what else its attributes say.

    `kept_seconds`: for how long it keeps a message; None when it doesn't say. `largest`: bytes of a message that fit.
    """

    visible: int
    in_flight: int
    delayed: int
    arn: str = ""
    redrive_target_arn: str = ""
    kept_seconds: float | None = None
    largest: int = 262_144
    max_receives: int | None = None
    """After so many receives its messages become dead letters; None when it doesn't say."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A received message of the DLQ. Times are unix seconds. `attributes` as boto3 gives MessageAttributes.

    `trace`: its AWSTraceHeader, "" for none.
    """

    message_id: str
    receipt: str
    body: str
    body_md5: str = ""
    attributes: dict[str, Any] = {}
    sent_at: float | None = None
    receive_count: int = 0
    trace: str = ""


class Outgoing(msgspec.Struct, frozen=True):
    """A message to send; `attributes` as boto3 has MessageAttributes, `trace` its AWSTraceHeader or ""."""

    body: str
    attributes: dict[str, Any] = {}
    trace: str = ""


class SentMessage(msgspec.Struct, frozen=True):
    """The queue's answer to a send; the MD5s are hex."""

    message_id: str
    body_md5: str
    attributes_md5: str = ""


class Queues(Protocol):
    """The main queue (send only) and its dead letter queue."""

    @property
    def lacks(self) -> dict[str, str]:
        """Rights that were refused, such as sqs:SendMessage, each with a sentence; emptied to have them tried again."""
        ...

    async def figures(self, which: Literal["main", "dlq"]) -> QueueFigures: ...

    async def receive_dead(self, *, limit: int, visibility: int, wait: int) -> list[DeadLetter]:
        """At most 10 messages of the DLQ, hidden from others for `visibility` seconds."""
        ...

    async def send(self, body: str, attributes: Mapping[str, Any], trace: str = "") -> SentMessage:
        """One message to the main queue. NotReachable: whether it arrived is not known."""
        ...

    async def delete_dead(self, receipt: str) -> None: ...

    async def release_dead(self, receipt: str) -> None:
        """Make a received dead letter visible again at once; NotPermitted where that right is missing."""
        ...


class ManyQueues(Queues, Protocol):
    """The same queues, ten messages a call."""

    async def send_many(
        self, messages: Sequence[Outgoing], *, to: Literal["main", "dlq"] = "main"
    ) -> list[SentMessage | ConsoleError]:
        """What became of each of at most 10 messages, in their order; never raises a ConsoleError itself.

        Refused, NotPermitted and NotInstalled: it was not sent. Any other: whether it arrived is not known.
        """
        ...

    async def delete_many(self, receipts: Sequence[str]) -> list[ConsoleError | None]:
        """What became of deleting each of at most 10 dead letters, None for done."""
        ...

    async def hold_dead(self, receipt: str, seconds: int) -> None:
        """Hide a received dead letter for so many seconds from now; NotPermitted where that right is missing."""
        ...


class Lease(msgspec.Struct, frozen=True):
    """Who works on a dead letter queue. `held`: it is the caller; `seconds`: what is left of it, whose ever it is."""

    held: bool
    who: str = ""
    machine: str = ""
    seconds: float = 0.0


class SharedReplays(Protocol):
    """What all consoles of a project share about dead letters. NotInstalled: the project doesn't have it."""

    async def hold(self, *, dlq: str, token: str, machine: str, seconds: int) -> Lease:
        """Take the queue for the console with this token, or keep it; a lease of another is taken over once it ended.

        How long it lasts is the database's to say.
        """
        ...

    async def release(self, *, dlq: str, token: str) -> None:
        """Give the queue up."""
        ...

    async def begin(
        self, *, request_id: str, dlq: str, token: str, act: str, label: str, total: int, reason: str
    ) -> None:
        """Write into the audit that an operation begins (act: replay or archive), or goes on. Refused without lease."""
        ...

    async def note(self, *, request_id: str, state: str, words: str, done: int) -> None:
        """Say how far an operation is (state: running, done, failed, unknown, undone)."""
        ...


class Decision(msgspec.Struct, frozen=True):
    """What a person said about dead letters. `act`: decide or confirm_target; `target`: a message or a queue (ARN).

    `said`: the decision in words. `job_id`: "" where the message names none. `at`: unix seconds of this machine.
    """

    request_id: str
    act: str
    target: str
    said: str
    reason: str
    job_id: str
    actor: str
    at: float


class SharedDecisions(Protocol):
    """The project's audit of what staff say about dead letters. NotInstalled: the project has no place for it."""

    async def record(self, decision: Decision) -> None:
        """Write it into the audit; the same request id again changes nothing."""
        ...


class NamedQueues(Queues, Protocol):
    """Queues that can be asked for by name too."""

    async def find(self, which: Literal["main", "dlq"]) -> str:
        """The queue's address by its name, as the queue service gives it."""
        ...


class CaptchaPermissions(Protocol):
    """What the project's audit says of 2Captcha."""

    async def permission(self) -> CaptchaPermission:
        """What an admin last said; that nobody has said anything is not allowed."""
        ...

    async def allow(self, *, request_id: str, allowed: bool, reason: str) -> Mapping[str, Any]:
        """Say it; once for each request."""
        ...


class CaptchaTerms(msgspec.Struct, frozen=True):
    """2Captcha may be asked, which costs money. `key`: the account's, a secret; `allowed_by`: the admin who said so;
    `server`: the host of its API."""

    key: str
    allowed_by: str
    server: str = "2captcha.com"

    def __repr__(self) -> str:
        return f"CaptchaTerms(allowed_by={self.allowed_by!r})"


class RunRequest(msgspec.Struct, frozen=True):
    """What the submission process is told, as one JSON line on its standard input.

    `artifacts`: folder for its pictures, "" for none; `trace`: it is to keep a trace there too, which holds all that
    is typed. `most_bytes`: what its pages may load and send, all together.
    `helper`: who watches, so that a step that fails waits for them; "" for nobody.
    `captchas`: how captchas are solved for money, None where they aren't; a dry run does so only when told to.
    """

    run_id: str
    job_id: str
    directory: str
    submission_url: str
    plan: Plan
    dry: bool
    artifacts: str
    headless: bool = True
    goto_seconds: float = 30.0
    step_seconds: float = 10.0
    total_seconds: float = 480.0
    most_bytes: int = 64 * 1024 * 1024
    trace: bool = False
    helper: str = ""
    captchas: CaptchaTerms | None = None


class Runner(Protocol):
    """A browser run in a child process."""

    def run(self, request: RunRequest) -> AsyncIterator[dict[str, Any]]:
        """Events as the child prints them (see `services.submission.events`); ends with kind "ended"."""
        ...

    def tell(self, run_id: str, command: Command) -> None:
        """Tell a run what a person wants; `run` says what becomes of it. A run that is over hears nothing."""
        ...

    def stop(self, run_id: str) -> None:
        """End the child and everything that it started; `run` then ends with kind "ended", status "stopped"."""
        ...


class BrowserSource(Protocol):
    """Where the browser that runs are made with can be had, where none is installed."""

    def fetch(self) -> AsyncIterator[dict[str, Any]]:
        """Events: kind "progress" with done and total in bytes (0 for unknown), at the end kind "ended" with the path
        of the browser, or the error as a sentence. One at a time."""
        ...

    def cancel(self) -> None:
        """Stop fetching: nothing is left of it."""
        ...
