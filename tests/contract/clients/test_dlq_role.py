"""`main.py dlq` on the real queue: what it prints, what it does, and how it exits."""

from __future__ import annotations

import base64
import getpass
import json
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.roles.dlq import run
from services.lock import FolderLock
from tests.contract.queue.conftest import Endpoint, client_for
from tests.contract.queue.helpers import count_of, with_dead_letters
from tests.contract.queue.test_faults import Switches, faults
from tests.local_stack import ROOT, wait_until

__all__ = ["faults"]

pytestmark = pytest.mark.stack

Call = Callable[..., tuple[int, Any]]


@pytest.fixture
def urls(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Any, str, str]]:
    raw = client_for(endpoint.origin)
    name = uuid.uuid4().hex[:12]
    main, dlq = with_dead_letters(raw, name, 3)
    for key, value in {
        "SQS_QUEUE_URL": main, "SQS_DLQ_URL": dlq, "AWS_ENDPOINT_URL_SQS": endpoint.origin,
        "AWS_DEFAULT_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_DEFAULT_SECRET_ACCESS_KEY": "local-secret",
        "DIRECTORY_BOLT_HOME": str(tmp_path),
    }.items():  # fmt: skip
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("SUPABASE_URL", raising=False)
    yield raw, main, dlq
    raw.close()


@pytest.fixture
def call(urls: object, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run it; the exit code, and what it printed as JSON, or the error's words."""

    def call_it(*argv: str) -> tuple[int, Any]:
        code = run([*argv, "--json"])
        printed = capsys.readouterr()
        return code, json.loads(printed.out) if printed.out else printed.err

    return call_it


def put(raw: Any, dlq: str, body: str, **more: Any) -> str:
    return str(raw.send_message(QueueUrl=dlq, MessageBody=body, **more)["MessageId"])


def whole(raw: Any, url: str) -> int:
    """How many messages a queue holds, hidden ones too."""
    return count_of(raw, url) + count_of(raw, url, "NotVisible")


def job(name: str) -> str:
    return json.dumps({"job_id": name})


def test_a_replay_that_is_killed_is_unknown_and_sends_nothing_twice(
    urls: tuple[Any, str, str], call: Call, faults: Switches
) -> None:
    raw, main, dlq = urls
    ids = {put(raw, dlq, job(name)) for name in ("a", "b")}
    # It is done, and its answer would come much later. The endpoint can't end before it: so this test comes first.
    faults.hold({"kind": "slow", "action": "SendMessageBatch", "seconds": 15})
    command = [sys.executable, str(ROOT / "main.py"), "dlq", "replay", "--all", "--yes", "--rate", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as replay:
        wait_until(lambda: count_of(raw, main) == 2, 60, "both are sent")
        replay.kill()
        assert replay.wait(30) == -signal.SIGKILL
    faults.hold()
    assert whole(raw, dlq) == 2
    code, told = call("resume")
    assert (code, told["moved"], told["unknown"], told["left"]) == (3, 0, 2, 0)
    assert {one["message_id"]: one["state"] for one in call("journal")[1]["journal"]} == dict.fromkeys(ids, "unknown")
    for key in ids:
        assert call("decide", key, "--sent", "--reason", "the queue has it")[0] == 0
    assert call("replay", "--all", "--yes", "--rate", "0")[1]["total"] == 0
    assert count_of(raw, main) == 2


def test_list_show_and_export_tell_everything_and_change_nothing(
    urls: tuple[Any, str, str], call: Call, tmp_path: Path
) -> None:
    raw, _, dlq = urls
    attributes = {"picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    good, bad = put(raw, dlq, job("a"), MessageAttributes=attributes), put(raw, dlq, "no json")
    code, listed = call("list")
    assert (code, listed["seen"], listed["about"]) == (0, 2, 2)
    by_id = {one["message_id"]: one for one in listed["dead_letters"]}
    assert by_id[good]["job_id"] == "a"
    assert by_id[good]["expires_at"] > by_id[good]["sent_at"]
    assert by_id[bad]["problem"] == "The message is not JSON."
    code, shown = call("show", good)
    assert (code, shown["body"]) == (0, job("a"))
    assert base64.b64decode(shown["attributes"]["picture"]["BinaryValue"]) == b"\x00\xff"
    assert call("show", "nowhere") == (1, "Not among the dead letters: nowhere.\n")
    file = tmp_path / "letters.jsonl"
    assert call("export", str(file)) == (0, {"exported": 2, "file": str(file)})
    assert {json.loads(line)["body"] for line in file.read_text().splitlines()} == {job("a"), "no json"}
    code, words = call("export", str(file))
    assert (code, "can't be used" in words) == (1, True)
    assert count_of(raw, dlq) == 2


def test_a_replay_needs_a_yes_and_sends_each_job_once(urls: tuple[Any, str, str], call: Call) -> None:
    raw, main, dlq = urls
    ids = [put(raw, dlq, job(name)) for name in ("a", "b", "a")] + [put(raw, dlq, "no json")]
    code, plan = call("replay", "--all")
    assert (code, len(plan["plan"]), len(plan["not"])) == (0, 2, 2)
    assert (count_of(raw, main), count_of(raw, dlq)) == (0, 4)
    code, done = call("replay", "--all", "--yes", "--rate", "0", "--reason", "the pool was down")
    assert (code, done["moved"], done["total"], done["state"]) == (0, 2, 2, "done")
    assert done["not"][ids[3]] == "The message is not JSON."
    assert (count_of(raw, main), count_of(raw, dlq)) == (2, 2)
    assert call("resume") == (0, {"resumed": 0, "settled": []})
    assert call("replay", ids[3], "--yes")[0] == 3


def test_the_archive_takes_letters_out_and_puts_them_back(
    urls: tuple[Any, str, str], call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, main, dlq = urls
    attributes = {"picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    message_id = put(raw, dlq, "no json", MessageAttributes=attributes)
    assert call("archive", message_id)[1]["plan"] == [message_id]
    before = time.time()
    assert call("archive", message_id, "--yes", "--reason", "junk")[1]["moved"] == 1
    assert (count_of(raw, main), count_of(raw, dlq)) == (0, 0)
    code, listed = call("archived")
    [kept] = listed["archived"]
    assert (code, kept["message_id"], kept["body"], kept["reason"]) == (0, message_id, "no json", "junk")
    assert before <= kept["archived_at"] <= time.time()
    assert kept["actor"] == getpass.getuser()
    assert kept["left_the_queue"]
    assert base64.b64decode(kept["attributes"]["picture"]["BinaryValue"]) == b"\x00\xff"
    assert run(["archived"]) == 0
    said = capsys.readouterr().out
    assert f"{getpass.getuser()}: junk\n    no json\n1 in the archive." in said
    decided = call("decide", message_id, "--sent", "--reason", "seen")
    assert decided == (1, "What became of this message is known.\n")
    code, back = call("put-back", message_id)
    assert (code, back["put_back"]) == (0, message_id)
    assert count_of(raw, dlq) == 1
    assert call("put-back", message_id)[0] == 1
    assert call("archived") == (0, {"archived": []})


def test_a_letter_of_unknown_origin_is_put_back_by_the_command_of_who_says_so(
    urls: tuple[Any, str, str], call: Call, tmp_path: Path
) -> None:
    raw, main, dlq = urls
    attributes = {"picture": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    message_id = put(raw, dlq, "no json", MessageAttributes=attributes)
    assert call("archive", message_id, "--yes")[1]["moved"] == 1
    # An earlier version did not write down where a letter came from.
    with closing(sqlite3.connect(tmp_path / "console" / "replay.db")) as journal, journal:
        assert journal.execute("update archive set dlq = ''").rowcount == 1
    code, words = call("put-back", message_id)
    assert (code, "It isn't known which queue it came from" in words) == (1, True)
    assert "--here" in words
    assert (count_of(raw, dlq), call("archived")[1]["archived"][0]["came_from"]) == (0, "")
    done = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), "dlq", "put-back", message_id, "--here", "--reason", "seen", "--json"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    new_id = json.loads(done.stdout)["new_message_id"]
    [back] = raw.receive_message(QueueUrl=dlq, MessageAttributeNames=["All"])["Messages"]
    assert (back["MessageId"], back["Body"]) == (new_id, "no json")
    assert back["MessageAttributes"]["picture"]["BinaryValue"] == b"\x00\xff"
    assert (count_of(raw, main), call("archived")) == (0, (0, {"archived": []}))


def test_a_letter_is_sent_with_another_body(urls: tuple[Any, str, str], call: Call, tmp_path: Path) -> None:
    raw, main, dlq = urls
    message_id = put(raw, dlq, "job_id=a")
    file = tmp_path / "body.json"
    file.write_text("job_id=b")
    code, shown = call("edit", message_id, str(file), "--yes")
    assert (code, shown["why_not"]) == (1, "The message is not JSON. The subscriber can't read it.")
    file.write_text('{"job_id": "a", "priority": "pro", "package_size": 3}')
    code, shown = call("edit", message_id, str(file))
    assert (code, shown["diff"][0], count_of(raw, main)) == (0, "- job_id=a", 0)
    code, done = call("edit", message_id, str(file), "--yes", "--reason", "it was form data")
    assert (code, done["outcome"], count_of(raw, dlq)) == (0, "replayed", 0)
    [message] = raw.receive_message(QueueUrl=main)["Messages"]
    assert (message["Body"], message["MessageId"]) == (file.read_text(), done["new_message_id"])
    [kept] = call("archived")[1]["archived"]
    assert (kept["body"], kept["sent_instead"], kept["reason"]) == ("job_id=a", file.read_text(), "it was form data")
    assert call("put-back", message_id)[0] == 1


def test_a_person_decides_what_nobody_knows(
    urls: tuple[Any, str, str], call: Call, faults: Switches, capsys: pytest.CaptureFixture[str]
) -> None:
    raw, main, dlq = urls
    arrived, lost = put(raw, dlq, job("a")), put(raw, dlq, job("b"))
    faults.hold({"kind": "lost_reply", "action": "SendMessageBatch"})
    assert call("replay", "--all", "--yes", "--rate", "0")[1]["unknown"] == 2
    faults.hold()
    with pytest.raises(SystemExit):
        run(["decide", arrived, "--sent"])
    noted = "Noted in the journal of this computer."
    assert call("decide", arrived, "--sent", "--reason", "the queue has it") == (
        0, {"decided": arrived, "sent": True, "noted": noted},
    )  # fmt: skip
    assert call("decide", lost, "--not-sent", "--reason", "it has not") == (
        0, {"decided": lost, "sent": False, "noted": noted},
    )  # fmt: skip
    code, told = call("journal")
    assert code == 0
    assert {one["message_id"]: (one["state"], one["why"]) for one in told["journal"]} == {
        arrived: ("delete_unconfirmed", f"{getpass.getuser()} says that it was sent: the queue has it"),
        lost: ("skipped", f"{getpass.getuser()} says that it was not sent: it has not"),
    }
    assert run(["journal"]) == 0
    assert "2 in the journal." in capsys.readouterr().out
    by_id = {one["message_id"]: one["journal"] for one in call("list")[1]["dead_letters"]}
    assert by_id == {arrived: "delete_unconfirmed", lost: "skipped"}
    # The one that was sent is never sent again; the one that a person says was not, is.
    assert call("replay", "--all", "--yes", "--rate", "0")[1]["total"] == 1
    assert count_of(raw, main) == 3


def test_what_did_not_go_through_is_named_and_gone_on_with(
    urls: tuple[Any, str, str], call: Call, faults: Switches
) -> None:
    raw, main, dlq = urls
    for name in ("a", "b", "c"):
        put(raw, dlq, job(name))
    faults.hold({"kind": "partial", "action": "SendMessageBatch", "entries": [1]})
    code, done = call("replay", "--all", "--yes", "--rate", "0")
    assert (code, done["moved"], done["failed"], len(done["failures"])) == (3, 2, 1, 1)
    faults.hold({"kind": "access_denied", "action": "SendMessageBatch"})
    code, done = call("replay", "--all", "--yes", "--rate", "0")
    assert (code, done["state"], done["left"]) == (3, "stopped", 1)
    code, done = call("resume")
    assert (code, done["moved"]) == (0, 1)
    assert (count_of(raw, main), count_of(raw, dlq)) == (3, 0)


def test_beside_an_open_console_it_does_nothing(urls: object, call: Call, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "console" / "console.lock", "")
    lock.take()
    code, words = call("list")
    lock.release()
    assert (code, "A console is open" in words) == (1, True)


def test_a_queue_that_is_not_there_is_said(
    urls: tuple[Any, str, str], call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQS_DLQ_URL", f"{urls[2]}-gone")
    code, words = call("list")
    assert (code, "does not exist" in words) == (1, True)


def test_settings_and_arguments_that_are_wrong(
    urls: object, call: Call, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as wrong:
        run(["replay"])
    assert wrong.value.code == 2
    monkeypatch.setenv("SQS_DLQ_URL", "")
    assert run(["list"]) == 2
    monkeypatch.setenv("SQS_MAX_MESSAGES", "many")
    assert run(["list"]) == 2
    assert "SQS_MAX_MESSAGES" in capsys.readouterr().err


def test_without_json_it_speaks_plain_words(urls: tuple[Any, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    raw, _, dlq = urls
    put(raw, dlq, job("a"))
    put(raw, dlq, "no json")
    assert run(["list"]) == 0
    assert "2 seen of about 2." in capsys.readouterr().out
    assert run(["replay", "--all"]) == 0
    assert "1 to replay, 1 not. Nothing was done" in capsys.readouterr().out
