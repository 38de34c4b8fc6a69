"""How fast an act on many things goes."""

from __future__ import annotations

import time
from typing import Final

FIRST_SECONDS: Final = 3.0
"""Until then nothing is said of it: a quick first one would promise what the others can't keep."""


class Speed:
    """Measured from when it is made; `done`: how many were done before that."""

    def __init__(self, done: int = 0) -> None:
        self._began = time.monotonic()
        self._before = done

    def rate(self, done: int) -> float:
        """Things a second, now that so many are done; 0 while nothing can be said of it."""
        seconds = time.monotonic() - self._began
        return (done - self._before) / seconds if seconds > FIRST_SECONDS else 0.0
