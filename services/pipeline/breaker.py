"""When errors in a row stop the subscriber, and when it tries again."""

from __future__ import annotations

from typing import Final

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 15.0
_LONGEST_PROBE: Final = 600.0


class Breaker:
    """Counts errors in a row. From `limit` on it is open: one probe after `probe_seconds`, doubling to 10 min."""

    def __init__(self, limit: int, probe_seconds: float) -> None:
        self._limit = limit
        self._probe_seconds = probe_seconds
        self.errors = 0

    @property
    def is_open(self) -> bool:
        """Whether only probes are allowed."""
        return self.errors >= self._limit

    @property
    def pause(self) -> float:
        """Seconds to wait before the next try."""
        if self.is_open:
            return min(_LONGEST_PROBE, self._probe_seconds * 2.0 ** min(self.errors - self._limit, 32))
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(max(0, self.errors - 1), 32))

    def failed(self) -> bool:
        """Note an error; whether the breaker is open now."""
        self.errors += 1
        return self.is_open

    def succeeded(self) -> bool:
        """Note a success; whether that closed an open breaker."""
        was_open = self.is_open
        self.errors = 0
        return was_open
