"""What a message may carry: the rules of SQS for bodies, attributes, sizes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from services.local.queue.errors import QueueError, invalid_parameter, malformed

Attributes = dict[str, dict[str, str]]

_MOST_ATTRIBUTES: Final = 10
_LONGEST_NAME: Final = 256
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_RESERVED: Final = re.compile(r"(aws|amazon)\.", re.IGNORECASE)
_REFUSED: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def check_characters(text: str) -> None:
    """InvalidMessageContents if `text` has characters that XML 1.0 has no place for."""
    if _REFUSED.search(text):
        raise QueueError(
            "InvalidMessageContents",
            "Invalid characters found. Valid unicode characters are "
            "#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        )


def checked_message_attributes(given: Mapping[str, Any]) -> Attributes:
    """Attributes that the sender set, `{name: {DataType, StringValue | BinaryValue}}`."""
    if len(given) > _MOST_ATTRIBUTES:
        raise invalid_parameter(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum [{_MOST_ATTRIBUTES}]."
        )
    for name in given:
        _check_name(name)
    return {name: _checked_attribute(name, value, "user") for name, value in given.items()}


def checked_system_attributes(given: Mapping[str, Any]) -> Attributes:
    """System attributes that a sender may set: the trace header."""
    for name, value in given.items():
        if name != "AWSTraceHeader" or not isinstance(value, dict) or value.get("DataType") != "String":
            raise invalid_parameter(
                f"Message system attribute '{name}' is invalid: only AWSTraceHeader of type String."
            )
    return {name: _checked_attribute(name, value, "system") for name, value in given.items()}


def size_of(body: str, attributes: Attributes) -> int:
    """Bytes that count against the limits: the body, and each attribute's name, type, value."""
    return len(body.encode()) + sum(
        len(name.encode()) + len(attribute["DataType"].encode()) + len(_value(attribute))
        for name, attribute in attributes.items()
    )


def chosen(attributes: Attributes, names: list[str]) -> Attributes:
    """The attributes that a receiver asked for: `All`, `.*`, `prefix.*` or the name itself."""
    if "All" in names:
        return attributes
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {
        name: attribute
        for name, attribute in attributes.items()
        if name in names or name.startswith(prefixes or ("\0",))
    }


def _value(attribute: Mapping[str, str]) -> bytes:
    if "BinaryValue" in attribute:
        return base64.b64decode(attribute["BinaryValue"])
    return attribute["StringValue"].encode()


def _check_name(name: str) -> None:
    if (
        len(name) > _LONGEST_NAME
        or not _NAME.fullmatch(name)
        or _RESERVED.match(name)
        or ".." in name
        or name.startswith(".")
        or name.endswith(".")
    ):
        raise invalid_parameter(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, "
            "underscore (_), hyphen (-), and period (.) characters."
        )


def _checked_attribute(name: str, given: Any, kind: str) -> dict[str, str]:
    if not isinstance(given, dict):
        raise malformed(f"Attribute {name} must be an object.")
    if given.get("StringListValues") or given.get("BinaryListValues"):
        raise QueueError("UnsupportedOperation", "Message attribute list values are not supported.")
    data_type = given.get("DataType")
    if not isinstance(data_type, str) or not data_type:
        raise invalid_parameter(f"The message attribute '{name}' must contain non-empty message attribute type.")
    base = data_type.partition(".")[0]
    if base not in ("String", "Number", "Binary") or len(data_type) > _LONGEST_NAME:
        raise invalid_parameter(
            f"The type of message ({kind}) attribute '{name}' is invalid. You must use only the following supported "
            "type prefixes: Binary, Number, String."
        )
    check_characters(data_type)
    field, other = ("BinaryValue", "StringValue") if base == "Binary" else ("StringValue", "BinaryValue")
    value = given.get(field)
    if value is not None and not isinstance(value, str):
        raise malformed(f"{field} of attribute {name} must be a string.")
    if not value or given.get(other):
        raise invalid_parameter(
            f"Message ({kind}) attribute '{name}' must contain a non-empty value of type '{field[:6]}'."
        )
    if field == "BinaryValue":
        value = _checked_base64(name, value)
    else:
        check_characters(value)
        if base == "Number":
            _check_number(name, value, kind)
    return {"DataType": data_type, field: value}


def _checked_base64(name: str, value: str) -> str:
    try:
        return base64.b64encode(base64.b64decode(value, validate=True)).decode()
    except (binascii.Error, ValueError) as error:
        raise malformed(f"BinaryValue of attribute {name} is not base64.") from error


def _check_number(name: str, value: str, kind: str) -> None:
    try:
        number = Decimal(value) if len(value) <= _LONGEST_NAME and "_" not in value else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise invalid_parameter(f"Can't cast the value of message ({kind}) attribute '{name}' to a number.")
