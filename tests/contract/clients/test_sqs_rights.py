"""Each of the five rights that staff have, when it is missing, is named; so is what is wrong with the sign-in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.clients.sqs import SqsQueues
from services.clients.sqs_errors import EXPIRED, translated
from services.domain.errors import Busy, ConsoleError, NotInstalled, NotPermitted, NotReachable, Refused
from services.ports.wishes import Outgoing
from services.settings import Settings
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.helpers import with_dead_letters
from tests.contract.queue.test_faults import Switches, faults
from tests.leaks.logs import Logged

__all__ = ["faults"]

pytestmark = pytest.mark.stack

Call = Callable[[SqsQueues], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def settings(endpoint: Endpoint) -> Settings:
    raw = client_for(endpoint.origin)
    main, dlq = with_dead_letters(raw, uuid.uuid4().hex[:12], 3)
    raw.close()
    return Settings(
        queue_url=main, dlq_url=dlq, sqs_endpoint=endpoint.origin, aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="local-secret",
    )  # fmt: skip


@pytest.fixture
def queues(settings: Settings) -> Iterator[SqsQueues]:
    made = SqsQueues(settings)
    yield made
    made.close()


async def sent_many(queues: SqsQueues) -> None:
    [answer] = await queues.send_many([Outgoing("{}")])
    if isinstance(answer, ConsoleError):
        raise answer


async def deleted_many(queues: SqsQueues) -> None:
    [answer] = await queues.delete_many(["no receipt"])
    if isinstance(answer, NotPermitted):
        raise answer


@pytest.mark.parametrize(
    ("action", "right", "which", "call"),
    [
        ("ReceiveMessage", "", "dlq", lambda queues: queues.receive_dead(limit=1, visibility=1, wait=0)),
        ("DeleteMessage", "", "dlq", lambda queues: queues.delete_dead("no receipt")),
        ("DeleteMessageBatch", "DeleteMessage", "dlq", deleted_many),
        ("SendMessage", "", "main", lambda queues: queues.send("{}", {})),
        ("SendMessageBatch", "SendMessage", "main", sent_many),
        ("GetQueueAttributes", "", "main", lambda queues: queues.figures("main")),
        ("GetQueueUrl", "", "dlq", lambda queues: queues.find("dlq")),
    ],
)
def test_a_right_that_is_missing_is_named_and_known_until_it_works(
    settings: Settings, queues: SqsQueues, faults: Switches, action: str, right: str, which: str, call: Call
) -> None:
    async def suite() -> None:
        name = (settings.queue_url if which == "main" else settings.dlq_url).rpartition("/")[2]
        words = f"This sign-in lacks the right sqs:{right or action} on {name}."
        faults.hold({"kind": "access_denied", "action": action})
        with pytest.raises(NotPermitted) as refused:
            await call(queues)
        assert (str(refused.value), refused.value.hint) == (words, "Ask an admin for this right.")
        assert queues.lacks == {f"sqs:{right or action} on {name}": words}
        faults.hold()
        try:
            await call(queues)
        except Refused:
            queues.lacks.clear()  # a receipt that is none
        assert queues.lacks == {}

    asyncio.run(suite())


def test_how_many_receives_make_a_dead_letter_is_told(queues: SqsQueues) -> None:
    async def suite() -> None:
        main, dlq = await queues.figures("main"), await queues.figures("dlq")
        assert (main.max_receives, main.redrive_target_arn) == (3, dlq.arn)
        assert dlq.max_receives is None

    asyncio.run(suite())


@pytest.mark.parametrize(
    ("config", "profile", "words"),
    [
        ("", "", "There is no sign-in for the queue."),
        ("", "nobody", "There is no sign-in for the queue."),
        ("[default]\naws_access_key_id = only half\n", "", "There is no sign-in for the queue."),
        (
            "[profile desk]\nsso_session = desk\nsso_account_id = 1\nsso_role_name = staff\n"
            "[sso-session desk]\nsso_region = us-east-2\nsso_start_url = https://desk.example/start\n",
            "desk",
            EXPIRED,
        ),
    ],
    ids=["none", "no such profile", "half", "never signed in"],
)
def test_a_sign_in_that_is_missing_is_told_apart_from_a_queue_that_is_away(
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    logged: Logged,
    config: str,
    profile: str,
    words: str,
) -> None:
    file = tmp_path / "config"
    file.write_text(config)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)

    async def suite() -> None:
        queues = SqsQueues(Settings(queue_url=settings.queue_url, dlq_url=settings.dlq_url,
                                    sqs_endpoint=settings.sqs_endpoint))  # fmt: skip
        with pytest.raises(NotPermitted) as refused:
            await queues.figures("dlq")
        assert str(refused.value) == words
        assert queues.lacks == {}
        queues.close()

    asyncio.run(suite())
    if words == EXPIRED:
        logged.take("Refreshing token failed")
        logged.take("Refreshing temporary credentials failed")


@pytest.mark.parametrize(
    ("code", "status", "kind", "words"),
    [
        ("ExpiredToken", 403, NotPermitted, EXPIRED),
        ("RequestExpired", 400, NotPermitted, EXPIRED),
        ("InvalidClientTokenId", 403, NotPermitted, "The queue does not know this sign-in."),
        ("SignatureDoesNotMatch", 403, NotPermitted, "The queue does not know this sign-in."),
        ("KMS.AccessDeniedException", 400, NotPermitted, "lacks the key that its messages are encrypted with on q."),
        ("Something", 401, NotPermitted, "lacks the right sqs:SendMessage on q."),
        ("QueueDoesNotExist", 400, NotInstalled, "The queue q does not exist."),
        ("ThrottlingException", 400, Busy, "The queue asks to go slower."),
        ("InternalError", 500, NotReachable, "The queue has trouble answering."),
        ("InvalidMessageContents", 400, Refused, "The queue refused: bad"),
    ],
)
def test_what_a_refusal_means(code: str, status: int, kind: type[ConsoleError], words: str) -> None:
    response = {"Error": {"Code": code, "Message": "bad"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    problem = translated(response, "sqs:SendMessage", "q")
    assert type(problem.error) is kind
    assert str(problem).endswith(words)
    assert problem.error.raw == f"{code}: bad"
    assert problem.lacks == ("lacks" in str(problem))
