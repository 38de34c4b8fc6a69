"""Whatever is called in whatever order: a message is in one queue, or somebody who held it deleted it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MOST_RECEIVES = 2


class Calls(RuleBasedStateMachine):
    """Random calls on a queue with its dead-letter queue, beside a model of who holds what."""

    client: SQSClient
    connection: psycopg.Connection

    handles = Bundle("handles")

    def __init__(self) -> None:
        super().__init__()
        name = f"lost-{uuid.uuid4().hex[:12]}"
        self.names = [name, f"{name}-dlq"]
        dead = self.client.create_queue(QueueName=self.names[1])["QueueUrl"]
        arn = f"arn:aws:sqs:us-east-2:000000000000:{self.names[1]}"
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
        main = self.client.create_queue(QueueName=self.names[0], Attributes={"RedrivePolicy": policy})["QueueUrl"]
        self.urls = [main, dead]
        self.bodies: dict[str, str] = {}
        self.newest: dict[str, str] = {}
        self.held: set[str] = set()
        self.surely_deleted: set[str] = set()
        self.maybe_deleted: set[str] = set()

    @rule(number=st.integers(1, 4), delay=st.sampled_from([0, 0, 0, 60]))
    def send(self, number: int, delay: int) -> None:
        bodies = [uuid.uuid4().hex for _ in range(number)]
        entries: Any = [{"Id": body, "MessageBody": body, "DelaySeconds": delay} for body in bodies]
        for sent in self.client.send_message_batch(QueueUrl=self.urls[0], Entries=entries)["Successful"]:
            self.bodies[sent["MessageId"]] = sent["Id"]

    @rule(target=handles, queue=st.integers(0, 1), most=st.integers(1, 10), visibility=st.sampled_from([0, 0, 60]))
    def receive(self, queue: int, most: int, visibility: int) -> Any:
        answer = self.client.receive_message(
            QueueUrl=self.urls[queue],
            MaxNumberOfMessages=most,
            VisibilityTimeout=visibility,
            AttributeNames=["ApproximateReceiveCount"],
        )
        given = []
        for message in answer.get("Messages", []):
            message_id, handle = message["MessageId"], message["ReceiptHandle"]
            assert message["Body"] == self.bodies[message_id]
            assert message_id not in self.held | self.surely_deleted
            if queue == 0:
                assert int(message["Attributes"]["ApproximateReceiveCount"]) <= MOST_RECEIVES
            self.newest[message_id] = handle
            if visibility:
                self.held.add(message_id)
            given.append((queue, message_id, handle))
        return multiple(*given)

    @rule(handle=handles)
    def delete(self, handle: tuple[int, str, str]) -> None:
        queue, message_id, receipt = handle
        self.client.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=receipt)
        if self.newest[message_id] == receipt:
            # Not held, it may have been moved meanwhile, which ends the handle's power.
            (self.surely_deleted if message_id in self.held else self.maybe_deleted).add(message_id)
            self.held.discard(message_id)

    @rule(handle=handles)
    def give_back(self, handle: tuple[int, str, str]) -> None:
        queue, message_id, receipt = handle
        if message_id in self.held and self.newest[message_id] == receipt:
            self.client.change_message_visibility(QueueUrl=self.urls[queue], ReceiptHandle=receipt, VisibilityTimeout=0)
            self.held.discard(message_id)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        rows = self.connection.execute(
            "select message_id::text, body from sqs.messages where queue = any(%s)", (self.names,)
        ).fetchall()
        present: dict[str, str] = dict(rows)
        assert len(rows) == len(present)
        assert self.surely_deleted.isdisjoint(present)
        missing = set(self.bodies) - set(present)
        assert missing <= self.surely_deleted | self.maybe_deleted
        assert all(self.bodies[message_id] == body for message_id, body in present.items())


def test_no_message_lost(ours: SQSClient, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        Calls.client, Calls.connection = ours, connection
        run_state_machine_as_test(
            Calls,
            settings=settings(
                max_examples=20,
                stateful_step_count=25,
                derandomize=True,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
