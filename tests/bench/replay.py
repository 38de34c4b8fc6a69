"""How fast dead letters are moved, journal on, ramp and rate off, beside loops and tools that have no journal."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3

from app.replay.engine import ReplayEngine
from app.replay.journal import Journal
from app.replay.many import ManyEngine
from app.replay.pace import Options
from services.clients.sqs import SqsQueues
from services.domain.messages import message_attributes
from services.ports.wishes import DeadLetter
from services.settings import Settings
from tests.bench import pypi
from tests.bench.rows import Row, row

ROOT: Final = Path(__file__).resolve().parents[2]
COUNT: Final = 2_000
FEW: Final = 400
"""For loops that take ten times as long."""
SLOW_FEW: Final = 100
CLICKS: Final = 20
RUNS: Final = 3
ADDED: Final = 0.02
"""Seconds that a far queue adds to each call."""
PHOENIX: Final = "phoenix-letter==0.3.7"
KEYS: Final[dict[str, Any]] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "local-secret"}


class Bench:
    """The endpoint in a process of its own, with a pair of queues for each run."""

    def __init__(self, origins: dict[str, str]) -> None:
        self.origin = origins["queue"]
        self.bare = origins["bare"]
        self._letters: dict[str, list[DeadLetter]] = {}
        self.raw: Any = boto3.client("sqs", endpoint_url=self.origin, region_name="us-east-2", **KEYS)

    def add(self, seconds: float) -> None:
        """Make each call of the endpoint take so much longer; 0 for none."""
        faults = [{"kind": "slow", "action": "*", "times": 0, "seconds": seconds}] if seconds else []
        request = urllib.request.Request(
            f"{self.origin}/_faults", json.dumps(faults).encode(), {"Content-Type": "application/json"}, method="PUT"
        )
        urllib.request.urlopen(request, timeout=10).close()

    def queues(self, count: int) -> tuple[str, str]:
        """Names of a fresh main queue and of its dead letters, `count` of them."""
        name = uuid.uuid4().hex[:12]
        dlq = self.raw.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        arn = self.raw.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "3"})
        main = self.raw.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
        letters: list[DeadLetter] = []
        for start in range(0, count, 10):
            entries: list[Any] = []
            for n in range(start, min(count, start + 10)):
                body = {"job_id": str(uuid.UUID(int=n)), "customer_id": f"c{n}", "package_size": 50, "priority": "pro"}
                entries.append(
                    {"Id": str(n), "MessageBody": json.dumps(body), "MessageAttributes": message_attributes(body)}
                )
            sent = self.raw.send_message_batch(QueueUrl=dlq, Entries=entries)["Successful"]
            ids = {one["Id"]: one["MessageId"] for one in sent}
            letters += [
                DeadLetter(ids[one["Id"]], "", one["MessageBody"], attributes=one["MessageAttributes"])
                for one in entries
            ]
        self._letters[dlq] = letters
        return main, dlq

    def in_main(self, main: str) -> int:
        """Messages that have arrived."""
        name = "ApproximateNumberOfMessages"
        return int(self.raw.get_queue_attributes(QueueUrl=main, AttributeNames=[name])["Attributes"][name])

    def per_second(self, move: Callable[[str, str, int], float], count: int, added: float = 0.0) -> float:
        """Messages a second of one run that moves `count`; `move` says how long it took."""
        main, dlq = self.queues(count)
        self.add(added)
        try:
            took = move(main, dlq, count)
        finally:
            self.add(0)
        assert self.in_main(main) == count, f"{self.in_main(main)} of {count} arrived"
        return count / took

    # Those that move

    def ours(self, main: str, dlq: str, count: int) -> float:
        """The engine: plan and journal included, the look before them not."""
        with tempfile.TemporaryDirectory(prefix="replay-") as folder:
            queues = SqsQueues(Settings(queue_url=main, dlq_url=dlq, sqs_endpoint=self.origin, **KEYS))
            journal = Journal(Path(folder) / "replay.db")
            letters = self._letters.pop(dlq)

            async def move() -> float:
                many = ManyEngine(queues, journal, ReplayEngine(queues, journal))
                await queues.figures("main")  # the SDK is imported and connected
                began = time.perf_counter()
                await many.plan("b", "replay", letters, actor="bench", reason="", options=Options(rate=0, ramp=()))
                progress = await many.run("b")
                took = time.perf_counter() - began
                assert progress.moved == count, progress
                return took

            try:
                return asyncio.run(move())
            finally:
                queues.close()
                journal.close()

    def one_by_one(self, main: str, dlq: str, count: int) -> float:
        """The loop that everybody writes first."""
        began = time.perf_counter()
        for _ in range(count):
            [one] = self.raw.receive_message(QueueUrl=dlq, MessageAttributeNames=["All"])["Messages"]
            self.raw.send_message(
                QueueUrl=main, MessageBody=one["Body"], MessageAttributes=one.get("MessageAttributes", {})
            )
            self.raw.delete_message(QueueUrl=dlq, ReceiptHandle=one["ReceiptHandle"])
        return time.perf_counter() - began

    def by_ten(self, main: str, dlq: str, count: int) -> float:
        """The same with batches of ten; what fails in part is lost on it."""
        began = time.perf_counter()
        moved = 0
        while moved < count:
            got = self.raw.receive_message(QueueUrl=dlq, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            entries = [
                {"Id": str(n), "MessageBody": one["Body"], "MessageAttributes": one.get("MessageAttributes", {})}
                for n, one in enumerate(got["Messages"])
            ]
            self.raw.send_message_batch(QueueUrl=main, Entries=entries)
            gone = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(got["Messages"])]
            self.raw.delete_message_batch(QueueUrl=dlq, Entries=gone)
            moved += len(gone)
        return time.perf_counter() - began

    def phoenix(self, command: list[str]) -> Callable[[str, str, int], float]:
        """phoenix_letter as it comes, without the time that it takes to start."""

        def run(main: str, dlq: str, count: int) -> float:
            name = {"--src": dlq.rpartition("/")[2], "--dst": main.rpartition("/")[2]}
            environment = {
                **os.environ, "AWS_ENDPOINT_URL_SQS": self.origin, "AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"],
                "AWS_SECRET_ACCESS_KEY": KEYS["aws_secret_access_key"],
            }  # fmt: skip
            times = []
            for most in (10, count - 10):
                began = time.perf_counter()
                done = subprocess.run(
                    [*command, *[part for pair in name.items() for part in pair], "--region", "us-east-2", "--max",
                     str(most)],
                    env=environment, check=False, capture_output=True, timeout=120,
                )  # fmt: skip
                times.append(time.perf_counter() - began)
                assert done.returncode == 2, done.stderr[-2000:]  # its way to say that it has moved so many
            return (times[1] - times[0]) * count / (count - 20)

        return run

    # The endpoint

    def calls(self, origin: str, path: str, headers: dict[str, str], body: bytes, count: int) -> float:
        """Calls a second of one client that asks again and again over one connection."""
        connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
        began = time.perf_counter()
        for _ in range(count):
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        took = time.perf_counter() - began
        connection.close()
        return count / took


def measure() -> list[Row]:
    """The rows of group `replay`. The one against phoenix_letter is left out where that can't be fetched."""
    with tempfile.TemporaryDirectory(prefix="replay-peer-") as name, _server() as origins:
        folder = Path(name)
        if why := pypi.install(folder, PHOENIX):
            print(f"not measured: {PHOENIX}: {why}", file=sys.stderr)
        phoenix = [] if why else pypi.command(folder, "phoenix_letter.main")
        bench = Bench(origins)
        bench.per_second(bench.by_ten, 200)
        ours: list[float] = []
        peers: dict[str, list[float]] = {"one": [], "ten": [], "phoenix": [], "ours slow": [], "one slow": []}
        for _ in range(RUNS):
            ours.append(bench.per_second(bench.ours, COUNT))
            peers["one"].append(bench.per_second(bench.one_by_one, FEW))
            peers["ten"].append(bench.per_second(bench.by_ten, COUNT))
            peers["ours slow"].append(bench.per_second(bench.ours, COUNT, ADDED))
            peers["one slow"].append(bench.per_second(bench.one_by_one, SLOW_FEW, ADDED))
            if phoenix:
                peers["phoenix"].append(bench.per_second(bench.phoenix(phoenix), FEW))
        rows = [
            _row("dead letters replayed", ours, peers["one"], "boto3, one by one", 8.0),
            _row("with 20 ms a call", peers["ours slow"], peers["one slow"], "boto3, one by one", 25.0),
            _row("the same", ours, peers["ten"], "boto3 by ten, no journal", 0.5),
        ]
        if phoenix:
            rows.append(_row("the same", ours, peers["phoenix"], "phoenix_letter", 5.0))
        rows.append(_endpoint(bench))
        rows += _click(bench)
    return rows


def _click(bench: Bench) -> list[Row]:
    """What a person waits for at the page: of twenty, the slowest but one."""
    main, dlq = bench.queues(CLICKS + 1)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.replay_click", bench.origin, main, dlq, str(CLICKS)],
        cwd=ROOT, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    return [
        row("replay", name, ours=[sorted(found[key])[-2]], peer=[limit], peer_name="limit, 95 of 100", unit="ms",
            bound="<=", goal=1.0)
        for name, key, limit in (
            ("click to pending mark", "click_ms", 50.0), ("end of undo to sent", "sent_ms", 100.0),
        )
    ]  # fmt: skip


def _endpoint(bench: Bench) -> Row:
    main, _ = bench.queues(0)
    body = json.dumps({"job_id": str(uuid.UUID(int=1))})
    signed = {
        "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage",
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261127/us-east-2/sqs/aws4_request, "
        f"SignedHeaders=host, Signature={'0' * 64}",
    }  # fmt: skip
    asked = json.dumps({"QueueUrl": main, "MessageBody": body}).encode()
    plain = json.dumps({"queue": main.rpartition("/")[2], "body": body}).encode()
    ours, bare = [], []
    for _ in range(RUNS):
        ours.append(bench.calls(bench.origin, "/", signed, asked, 1000))
        bare.append(bench.calls(bench.bare, "/send", {}, plain, 1000))
    return _row("calls of the endpoint", ours, bare, "bare handler, same SQL", 0.5)


def _row(name: str, ours: list[float], peer: list[float], peer_name: str, goal: float) -> Row:
    assert statistics.median(ours) > 0
    return row("replay", name, ours=ours, peer=peer, peer_name=peer_name, unit="/s", bound=">=", goal=goal)


@contextmanager
def _server() -> Iterator[dict[str, Any]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.replay_server"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(30)
