"""Bodies and attributes that dead letters were seen to have, or may have, and what each is called on screen."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final

JOB: Final = str(uuid.UUID(int=7))
LARGEST: Final = 1_048_576

GOOD: Final = json.dumps(
    {"job_id": JOB, "customer_id": "c1", "package_size": 3, "priority": "pro", "created_at": None, "source": "intake"}
)
TEN: Final[dict[str, Any]] = {
    **{f"text-{n}": {"DataType": "String", "StringValue": "v" * n} for n in range(1, 6)},
    "number": {"DataType": "Number.int", "StringValue": "-3"},
    "picture": {"DataType": "Binary.gif", "BinaryValue": b"GIF89a\x00\xff\x01\x02"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00"},
    "script": {"DataType": "String", "StringValue": "<b>bold</b>\u202egnp.exe"},
    "job_id": {"DataType": "String", "StringValue": "another job"},
}
_LARGE: Final = '{"job_id": "' + JOB + '", "metadata": {"note": "'

UNUSABLE: Final[dict[str, tuple[str, str]]] = {
    "blank": ("  \n ", "Empty"),
    "text": ("please start job 7, it is urgent", "Text, not JSON"),
    "form": ("job_id=7&size=4", "Form data, not JSON"),
    "xml": ("<?xml version='1.0'?><job id='7'/>", "XML, not JSON"),
    "broken": ('{"job_id": "7", "package_size": }', "Broken JSON"),
    "cut": (GOOD[:40], "Broken JSON"),
    "list": ('["job_id", "7"]', "JSON, but a list"),
    "a text": ('"7"', "JSON, but a text"),
    "a number": ("7", "JSON, but a number"),
    "null": ("null", "JSON, but null"),
    "true": ("true", "JSON, but true"),
    "no job": ('{"customer_id": "c1"}', "No job id"),
    "empty job": ('{"job_id": "  "}', "No job id"),
    "job is an object": ('{"job_id": {"id": 7}}', "No job id"),
    "deep": ("[" * 100_000, "Nested too deeply"),
    "long number": ('{"job_id": ' + "9" * 5_000 + "}", "Broken JSON"),
    "turned": ("\u202ebnosj\u2066 \u200b\tjob\r\n{}", "Text, not JSON"),
    "huge": ("x" * LARGEST, "Text, not JSON"),
}
USABLE: Final[dict[str, str]] = {
    "good": GOOD,
    "huge object": _LARGE + "ü" * ((LARGEST - len(_LARGE) - 1_000) // 2) + '"}}',
    "twice": '{"job_id": "8", "job_id": "' + JOB + '", "package_size": "starter", "priority": 3, "zip": "00501"}',
}
