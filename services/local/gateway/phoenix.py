"""Frames of Phoenix channels: objects in version 1.0.0, arrays in version 2.0.0."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

VERSIONS: Final = ("1.0.0", "2.0.0")
_DEEPEST: Final = 64


class FrameError(ValueError):
    """A frame that isn't Phoenix's."""


@dataclass(frozen=True)
class Frame:
    """One message from a client."""

    topic: str
    event: str
    payload: dict[str, Any]
    ref: str | None = None
    join_ref: str | None = None


def decode(text: str, version: str) -> Frame:
    """The message in a text frame. Raises FrameError."""
    try:
        raw = json.loads(text)
        if version == "1.0.0":
            parts = (raw.get("join_ref"), raw.get("ref"), raw["topic"], raw["event"], raw.get("payload"))
        else:
            join_ref, ref, topic, event, payload = raw
            parts = (join_ref, ref, topic, event, payload)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FrameError("not a Phoenix message") from error
    join_ref, ref, topic, event, payload = parts
    if not _is_shallow(parts):
        raise FrameError("nested too deeply")
    if not isinstance(topic, str) or not isinstance(event, str):
        raise FrameError("topic and event must be text")
    return Frame(topic, event, payload if isinstance(payload, dict) else {}, _ref(ref), _ref(join_ref))


def encode(version: str, topic: str, event: str, payload: str, *, ref: str | None, join_ref: str | None) -> str:
    """A text frame; `payload` is JSON text already."""
    name, kind, reference = json.dumps(topic), json.dumps(event), json.dumps(ref)
    if version == "1.0.0":
        return f'{{"topic":{name},"event":{kind},"payload":{payload},"ref":{reference}}}'
    return f"[{json.dumps(join_ref)},{reference},{name},{kind},{payload}]"


def _is_shallow(value: object) -> bool:
    """Whether what is echoed of a frame can be written again wherever that happens."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list | tuple)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False


def _ref(value: object) -> str | None:
    return None if value is None else str(value)
