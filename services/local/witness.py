"""An independent eye on the local stack: what its database, its queues and its practice directories say."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import msgspec
import psycopg

from services.local.install import Install
from services.local.postgres import DATABASE


class Witness:
    """Asks the parts directly, past the gateway and the console. All calls block; local stack only."""

    def __init__(self, data_dir: Path) -> None:
        self._install = msgspec.json.decode((data_dir / "local" / "stack.json").read_bytes(), type=Install)

    @property
    def database_url(self) -> str:
        """Address of the database for its superuser."""
        install = self._install
        return f"postgresql://postgres:{install.postgres_password}@127.0.0.1:{install.ports.postgres}/{DATABASE}"

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows of one statement on the database, as its superuser."""
        with psycopg.connect(self.database_url, connect_timeout=5) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def queue_count(self, name: str) -> int:
        """Messages in a queue, visible or not, by its own attributes."""
        install = self._install
        client = boto3.client(
            "sqs",
            endpoint_url=install.queue_origin,
            region_name="us-east-2",
            aws_access_key_id=install.aws_access_key_id,
            aws_secret_access_key=install.aws_secret_access_key,
        )
        try:
            url = client.get_queue_url(QueueName=name)["QueueUrl"]
            found = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])
        finally:
            client.close()

    def practice_log(self, host: str) -> list[dict[str, Any]]:
        """Requests that a practice directory has seen, oldest first."""
        with urllib.request.urlopen(f"{self._install.practice_url}/_log?host={host}", timeout=5) as answer:  # noqa: S310
            found = json.load(answer)
        return list(found)

    def switch(self, host: str, mode: str) -> None:
        """Set how a practice directory behaves: ok, fail, slow, drop or error500."""
        request = urllib.request.Request(  # noqa: S310
            f"{self._install.practice_url}/_switch",
            data=json.dumps({"host": host, "mode": mode}).encode(),
            headers={"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310
