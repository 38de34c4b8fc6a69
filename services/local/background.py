"""One call on a thread of its own, for those who may not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Background:
    """Starts `call` at once. When `done`, `error` is what it raised, None when all went well."""

    def __init__(self, call: Callable[[], object], name: str) -> None:
        self.error: Exception | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._call()
        except Exception as error:
            self.error = error
