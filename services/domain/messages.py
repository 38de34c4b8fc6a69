"""The queue message of a job: its body, its attributes, and how the subscriber reads one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from services.domain.packages import priority_of_package, priority_word


class JobMessage(msgspec.Struct, frozen=True):
    """A message as the subscriber understands it. Only `job_id` is required."""

    job_id: str
    customer_id: str = ""
    package_size: int = 50
    priority: str = "starter"
    source: str = ""
    metadata: dict[str, Any] = {}


def job_message_body(
    *,
    job_id: str,
    customer_id: str,
    package_type: str,
    package_size: int,
    created_at: str,
    source: str,
    metadata: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The body that we send. `created_at` is ISO 8601; `priority` is the word, never the int."""
    body: dict[str, Any] = {
        "job_id": job_id,
        "customer_id": customer_id,
        "package_size": package_size,
        "priority": priority_of_package(package_type),
        "created_at": created_at,
        "source": source,
    }
    if metadata:
        body["metadata"] = metadata
    return body


def message_attributes(body: dict[str, Any]) -> dict[str, dict[str, str]]:
    """SQS message attributes (String) for a body: job_id, customer_id, priority where known."""
    return {
        key: {"DataType": "String", "StringValue": str(body[key])}
        for key in ("job_id", "customer_id", "priority")
        if body.get(key)
    }


def message_size(body: str, attributes: Mapping[str, Any]) -> int:
    """Bytes that count against the queue's limit: the body, and each attribute's name, type and value."""
    # Counted as one text: each alone costs more.
    texts, binary = [body], 0
    for name, attribute in attributes.items():
        value = attribute.get("BinaryValue", attribute.get("StringValue", ""))
        texts += (name, str(attribute.get("DataType", "")))
        if isinstance(value, bytes):
            binary += len(value)
        else:
            texts.append(str(value))
    text = "".join(texts)
    return binary + (len(text) if text.isascii() else len(text.encode(errors="surrogatepass")))


def parse_job_message(text: str) -> JobMessage:
    """Read a body as the subscriber does, tolerant of what was seen in reality.

    Raises ValueError with a sentence for staff: not JSON, nested too deeply, not an object, no job_id.
    A priority as int means what Brain meant by it; a package size as text is 50.
    """
    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError("The message is not JSON.") from error
    except RecursionError as error:
        raise ValueError("The message is nested too deeply to be read.") from error
    except ValueError as error:
        raise ValueError("The message holds a number with too many digits.") from error
    if not isinstance(raw, dict):
        raise ValueError("The message is JSON, but not an object.")
    job_id = raw.get("job_id")
    if not isinstance(job_id, str | int) or isinstance(job_id, bool) or not str(job_id).strip():
        raise ValueError("The message has no job_id.")
    size = raw.get("package_size")
    metadata = raw.get("metadata")
    return JobMessage(
        job_id=str(job_id).strip(),
        customer_id=str(raw.get("customer_id") or ""),
        package_size=size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 50,
        priority=priority_word(raw.get("priority")),
        source=str(raw.get("source") or ""),
        metadata=metadata if isinstance(metadata, dict) else {},
    )
