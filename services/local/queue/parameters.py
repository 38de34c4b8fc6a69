"""The JSON body of a request, read with types."""

from __future__ import annotations

import json
from typing import Any

from services.local.queue.errors import invalid_value, malformed, missing_parameter


class Parameters:
    """One JSON object of a request. Null counts as absent; a wrong type is SerializationException."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        """The object as it came, names to values."""

    @classmethod
    def parse(cls, body: bytes) -> Parameters:
        """The object in `body`."""
        try:
            values = json.loads(body or b"{}")
        except (ValueError, RecursionError) as error:
            raise malformed("The request body is not JSON.") from error
        if not isinstance(values, dict):
            raise malformed("The request body is not a JSON object.")
        return cls(values)

    def has(self, name: str) -> bool:
        """Whether `name` was given."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        """A text, or None when absent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise malformed(f"{name} must be a string.")
        return value

    def required_text(self, name: str) -> str:
        """A text that is there and not empty."""
        value = self.text(name)
        if not value:
            raise missing_parameter(name)
        return value

    def whole(self, name: str, low: int, high: int, rule: str) -> int | None:
        """A whole number from `low` to `high`, or None when absent; `rule` is the reason of a refusal."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise malformed(f"{name} must be a whole number.")
        if not low <= value <= high:
            raise invalid_value(name, value, rule)
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise malformed(f"{name} must be a list of strings.")
        return value

    def mapping(self, name: str) -> dict[str, Any]:
        """An object; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise malformed(f"{name} must be an object.")
        return value

    def entries(self, name: str) -> list[Parameters]:
        """A list of objects; empty when absent."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise malformed(f"{name} must be a list of objects.")
        return [Parameters(item) for item in value]
