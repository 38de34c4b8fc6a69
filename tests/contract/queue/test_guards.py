"""Requests that are no honest call of an SQS client."""

from __future__ import annotations

import http.client
import json

import pytest

from tests.contract.queue.conftest import Endpoint

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261123/us-east-2/sqs/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)
HEADERS = {"X-Amz-Target": "AmazonSQS.GetQueueUrl", "Authorization": SIGNED}


def post(endpoint: Endpoint, headers: dict[str, str], body: bytes = b'{"QueueName": "absent"}') -> tuple[int, str]:
    """Status and shape of the error."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
    try:
        connection.request("POST", "/", body=body, headers=headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())["__type"].rpartition("#")[2]
    finally:
        connection.close()


def test_an_honest_call_gets_through(endpoint: Endpoint) -> None:
    assert post(endpoint, HEADERS) == (400, "QueueDoesNotExist")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "127.0.0.1"])
def test_a_foreign_host_is_refused(endpoint: Endpoint, host: str) -> None:
    assert post(endpoint, {**HEADERS, "Host": host}) == (403, "AccessDeniedException")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_browser_page_is_refused(endpoint: Endpoint, origin: str) -> None:
    assert post(endpoint, {**HEADERS, "Origin": origin}) == (403, "AccessDeniedException")


def test_a_call_without_signature_is_refused(endpoint: Endpoint) -> None:
    assert post(endpoint, {"X-Amz-Target": "AmazonSQS.GetQueueUrl"}) == (403, "MissingAuthenticationToken")
    assert post(endpoint, {**HEADERS, "Authorization": "Bearer x"}) == (400, "IncompleteSignature")


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"QueueName": 7}', b'{"QueueName": "a\\u0000"}']
)
def test_a_strange_body_is_a_refusal_and_no_crash(endpoint: Endpoint, body: bytes) -> None:
    assert post(endpoint, HEADERS, body)[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"QueueUrl": "http://[broken"},
        {"QueueUrl": "/000000000000/a\0b"},
        {"QueueUrl": 7},
        {"QueueUrl": "/000000000000/absent", "MessageBody": {"a": 1}},
    ],
)
def test_strange_values_are_a_refusal_and_no_crash(endpoint: Endpoint, fields: dict[str, object]) -> None:
    headers = {**HEADERS, "X-Amz-Target": "AmazonSQS.SendMessage"}
    assert post(endpoint, headers, json.dumps(fields).encode())[0] == 400


def test_a_huge_body_is_refused(endpoint: Endpoint) -> None:
    assert post(endpoint, HEADERS, b" " * (8 * 1024 * 1024))[0] == 413


@pytest.mark.parametrize("target", ["", "AmazonSQS.", "AmazonSQS.Nothing", "DynamoDB.GetQueueUrl", "GetQueueUrl"])
def test_an_unknown_target_is_refused(endpoint: Endpoint, target: str) -> None:
    assert post(endpoint, {**HEADERS, "X-Amz-Target": target}) == (400, "UnsupportedOperation")
