"""The pipeline's way to the queue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from services.domain.messages import message_attributes
from services.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs.client import SQSClient


def open_client(settings: Settings, *, answer_seconds: float = 10) -> SQSClient:
    """A client for the region and endpoint of the settings. A long poll must fit into `answer_seconds`."""
    client: SQSClient = boto3.client(
        "sqs",
        region_name=settings.sqs_region,
        endpoint_url=settings.sqs_endpoint_url,
        aws_access_key_id=settings.aws_access_key_id or None,
        aws_secret_access_key=settings.aws_secret_access_key or None,
        config=Config(connect_timeout=3, read_timeout=answer_seconds, retries={"max_attempts": 2}),
    )
    return client


def send_body(client: SQSClient, queue_url: str, body: Mapping[str, Any]) -> str:
    """Send a job's body with its attributes and return the message id. Raises what boto3 raises."""
    attributes: Any = message_attributes(dict(body))
    text = json.dumps(body, ensure_ascii=False)
    return client.send_message(QueueUrl=queue_url, MessageBody=text, MessageAttributes=attributes)["MessageId"]
