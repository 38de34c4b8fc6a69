"""A session of use with secrets in everything that a person, a server or a browser may say: none is left in a file.

Two places must hold a secret, and nothing else does: the keyring of the machine has the refresh token, and the journal
of replays has the messages of the queue as they came, for to put one back is to send it again letter by letter.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import msgspec
import pytest

from app import tasks
from app.actions.exports import Exports
from app.actions.operations import as_text
from app.actions.registry import PAUSE_JOB
from app.failures import Failures
from app.models import export_rows
from app.models.activity_feed import ActivityFeed
from app.replay.journal import Journal
from app.sync.last_state import LastState
from app.sync.state_file import read_state
from services.domain import redaction
from services.domain.errors import NotReachable
from services.domain.redaction import keep_out, keep_token_out
from services.domain.times import to_iso
from services.log import JsonLines
from services.pipeline.outcome_spool import KnownOutcome, OutcomeSpool
from services.ports.wishes import DeadLetter
from services.settings import read_settings, shown
from services.submission.outcome import Outcome, without_secrets
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.leaks.logs import Logged

OF_SETTINGS = {
    "SUPABASE_SERVICE_ROLE_KEY": "planted-service-key-0123456789",
    "STAFF_PASSWORD": "planted pass & wörd/+1",
    "DATABASE_URL": "postgresql://postgres:planted%2Fdb-word@127.0.0.1:5432/x",
    "AWS_DEFAULT_SECRET_ACCESS_KEY": "Planted/AWS+key0123456789abcdefghijklmno",
    "BACKEND_ENQUEUE_TOKEN": "planted-brain-token",
    "TWO_CAPTCHA_API_KEY": "planted-captcha-key",
    "SLACK_WEBHOOK_URL": "https://hooks.slack." + "com/services/T0/B0/plantedslackhook",
}
BY_VALUE = ("planted-service-key-0123456789", "planted pass & wörd/+1", "planted/db-word", "planted%2Fdb-word",
            "Planted/AWS+key0123456789abcdefghijklmno", "planted-brain-token", "plantedslackhook",
            "planted-refresh-token", "planted-captcha-key")  # fmt: skip
BY_LOOK = ("eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoicGxhbnRlZCJ9.cGxhbnRlZA", "AKIAPLANTEDKEY123456",
           "sk_live_" + "plantedstripe123", "whsec_" + "plantedhook123", "xoxb-" + "planted-slack-token")  # fmt: skip
BY_NAME = ("planted-portal-word", "planted two words")
SECRETS = (*BY_VALUE, *BY_LOOK, *BY_NAME)
TYPED = "planted-form-word"
"""What somebody else's worker has written of a field for passwords."""
PROFILE = {"name": "Old Mill", "portal_password": BY_NAME[0], "portal": {"secret": BY_NAME[1]}}


def spellings(secret: str) -> Iterator[bytes]:
    """How a secret may stand in a file."""
    raw = secret.encode()
    yield from (raw, secret.encode("utf-16-le"), quote(secret, safe="").encode(), quote_plus(secret).encode())
    yield json.dumps(secret)[1:-1].encode()
    for before in range(3):
        # Without the signs that depend on what stands beside it.
        inner = base64.b64encode(bytes(before) + raw)[4 if before else 0 : (before + len(raw)) * 8 // 6]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))


def found_in(data: bytes) -> set[str]:
    return {secret for secret in SECRETS for spelled in spellings(secret) if spelled in data}


def quoting() -> str:
    """What a careless server answers: everything that it was given, as it was given and encoded."""
    header = base64.b64encode(f"me:{BY_VALUE[1]}".encode()).decode()
    address = quote(BY_VALUE[3], safe="")
    named = json.dumps(PROFILE)
    return f"401 for {' | '.join((*BY_VALUE, *BY_LOOK))}; Basic {header}; ?x={address}; {named}; {named!r}"


class Careless(Exception):
    """Names what it was given."""


def crash() -> None:
    try:
        raise Careless(quoting())
    except Careless as error:
        raise RuntimeError(f"while {quoting()}") from error


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    held = (set(redaction._known), list(redaction._tokens))
    made = DeskWorld(tmp_path / "console", FakeQueues({}, time.time), time.time, "operator")
    yield made
    made.close()
    redaction._known.clear()
    redaction._known.update(held[0])
    redaction._tokens.clear()
    redaction._tokens.extend(held[1])
    redaction._learn()


def fill(world: DeskWorld) -> None:
    """Rows as a database has them after a day of careless errors."""
    said = quoting()
    world.job("j1", "Old Mill", "failed", error_message=said, metadata={"note": said, "profile": PROFILE})
    row = {"id": "r1", "job_id": "j1", "directory_name": "one.example", "status": "failed", "error_message": said}
    plan = [{"action": "fill", "selector": "#password", "value": TYPED}]
    world.store.put(
        "job_results",
        {**row, "payload": {**PROFILE, "plan": plan}, "response_log": {"said": said, **PROFILE}, "version": 1},
    )
    world.event(1, "j1", "error", "one.example", error=said, profile=PROFILE)
    act = {
        "id": 1,
        "request_id": "r1",
        "act": "pause",
        "target": "j1",
        "reason": said,
        "created_at": to_iso(time.time()),
    }
    world.store.put("staff_actions", act)
    world.store.put("outbox", {"id": 1, "job_id": "j1", "last_error": said})
    world.loaded(*world.store.tables())
    world.store.take_changed()


def log(file: Path) -> None:
    """Say everything in a role's log."""
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonLines("worker"))
    logger = logging.getLogger("planted")
    logger.addHandler(handler)
    logger.warning("refused: %s", quoting(), extra={"profile": PROFILE, "why": [quoting()]})
    try:
        crash()
    except RuntimeError:
        logger.exception("it broke")
    handler.close()


async def act(world: DeskWorld, folder: Path) -> None:
    """An act whose answer is an error, exports of every list, and the last known state."""
    job = world.store.jobs.lines["j1"]
    for number, error in enumerate((NotReachable(quoting()), NotReachable(f"again {quoting()}"))):
        world.staff.refusal = error
        await world.desk.jobs.set_status(
            PAUSE_JOB, msgspec.structs.replace(job, status="in_progress"), reason=quoting()
        )
        assert number < len(world.desk.operations.newest_first())
    exports = Exports(folder / "exports", world.desk.operations, actor="desk-1")
    feed = ActivityFeed(world.store, world.desk.operations)
    feed.catch_up()
    directories = world.store.jobs.directories("j1")
    for kind in ("csv", "json"):
        await exports.write("jobs", "", kind, [job], export_rows.of_job)
        await exports.write("directories", quoting()[:200], kind, directories, export_rows.of_directory(job))
        await exports.write(
            "activity", "", kind, list(feed.lines.values()), export_rows.of_activity(lambda _: quoting())
        )
    assert (await world.desk.cases.write(job)).state == "done"
    last = LastState(folder / "last_state", "https://one.example", "desk-4@b.example", pause=0.0)
    last.keep_for(BY_VALUE[1])
    assert await last.write(world.store)
    await tasks.shutdown()


def test_no_secret_is_left_in_a_file(world: DeskWorld, tmp_path: Path, logged: Logged) -> None:
    environment = {**OF_SETTINGS, "DIRECTORY_BOLT_HOME": str(tmp_path)}
    settings = read_settings(environment)
    keep_out(*settings.secrets)
    keep_token_out("planted-refresh-token")
    fill(world)
    log(tmp_path / "worker.log")
    said: list[str] = []
    failures = Failures(tmp_path / "crashes", lambda *words: said.extend(words))
    for broken in (crash, lambda: failures.take("session", NotReachable(quoting(), hint=quoting()))):
        try:
            broken()
        except RuntimeError as error:
            failures.take(f"sync {quoting()}"[:60], error)
    asyncio.run(act(world, tmp_path))
    world.desk.operations.note("failure", "Failed", "a.txt", actor="desk-1", words=quoting())
    copied = [as_text(one, quoting()) for one in world.desk.operations.newest_first()]
    journal = Journal(tmp_path / "replay.db")
    journal.plan(DeadLetter("m1", "r", "a body"), actor="desk-1", reason=quoting())
    journal.move("m1", "failed", why=quoting())
    journal.plan_batch("b1", "replay", [DeadLetter("m2", "r", "a body")], actor="desk-1", reason=quoting())
    journal.end_batch("b1", "stopped", quoting())
    journal.close()
    outcome = Outcome("failed", [quoting()], True, 1, error=quoting(), response_log={"said": quoting(), **PROFILE})
    OutcomeSpool(tmp_path / "outcomes").keep(KnownOutcome("j1", "one.example", "k", "w", without_secrets(outcome)))
    world.close()
    logged.take_rest()

    files = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    (state,) = (file for file in files if file.suffix == ".state")
    files[state] = b"".join(msgspec.json.encode(rows) for _, rows in read_state(state)[1])
    cases = [file for file in files if zipfile.is_zipfile(file)]
    for case in cases:
        with zipfile.ZipFile(case) as packed:
            files[case] = b"".join(packed.read(name) for name in packed.namelist())
    assert len(cases) == 1
    assert b"fill" in files[cases[0]], "the plan is in it"
    assert [str(file) for file, data in files.items() if TYPED.encode() in data] == []
    kinds = {file.relative_to(tmp_path).parts[0] for file in files}
    assert kinds >= {"console", "crashes", "exports", "last_state", "outcomes", "replay.db", "worker.log"}
    assert {str(file): found for file, data in files.items() if (found := found_in(data + str(file).encode()))} == {}
    shown_words = [*said, *copied, *(f"{line}" for line in shown(settings, {}))]
    assert found_in("\n".join(shown_words).encode()) == set()
    # What is looked for would be found.
    assert found_in(quoting().encode()) == set(SECRETS)
    for secret in SECRETS:
        assert secret in found_in(base64.b64encode(f"Basic x:{secret}".encode()))
