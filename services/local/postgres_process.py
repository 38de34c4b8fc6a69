"""PostgreSQL as a part of the stack: set up, launched and filled without ever making the supervisor wait."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import psycopg

from services.local.background import Background
from services.local.ports import is_taken
from services.local.postgres import Postgres
from services.local.role_process import how_it_ended
from services.local.watch import Asking, ask_postgres

_WORDS: Final = re.compile(r"(?:FATAL|PANIC):\s+(.+)")


class PostgresProcess:
    """One server. `fill` brings its database up to date, once: a server that is started again has all of it."""

    name = "postgres"

    def __init__(self, server: Postgres, fill: Callable[[], None]) -> None:
        self._server = server
        self._fill = fill
        self._preparing: Background | None = None
        self._watch: Asking | None = None
        self._filling: Background | None = None
        self._filled = False
        self.failure: Exception | None = None
        """What `fill` raised, when it makes no sense to try it again."""

    @property
    def pid(self) -> int | None:
        return self._server.pid if self._watch else None

    @property
    def signs(self) -> int:
        return self._watch.signs if self._watch else 0

    @property
    def ready(self) -> bool:
        return self._filled and self._watch is not None and self._watch.ready

    @property
    def why(self) -> str:
        return self._watch.why if self._watch else "its files are being made ready"

    def begin(self) -> None:
        """Make its files ready; `follow` launches it then."""
        self._preparing = Background(self._server.prepare, "prepare-postgres")

    def follow(self) -> str:
        if self._preparing is not None:
            return self._launch_when_prepared(self._preparing)
        code = self._server.exited()
        if code is not None:
            self._close_watch()
            said = _WORDS.findall(self._server.last_words()) if code > 0 else []
            return f"{how_it_ended(code)}: {said[-1]}" if said else how_it_ended(code)
        if self._watch is not None and self._watch.ready and not self._filled:
            self._follow_filling()
        return ""

    def kill(self) -> None:
        self._close_watch()
        self._server.kill()

    def ask_to_end(self) -> None:
        self._server.ask_to_end()

    def wait_for_end(self, limit: float) -> None:
        self._close_watch()
        self._server.stop(limit=limit)

    def _launch_when_prepared(self, preparing: Background) -> str:
        if not preparing.done:
            return ""
        self._preparing = None
        if preparing.error is not None:
            return f"could not be started: {preparing.error}"
        port = self._server.port
        if is_taken(port):
            return f"could not be started: port {port} is taken by another program"
        try:
            self._server.launch()
        except (OSError, RuntimeError) as error:
            return f"could not be started: {error}"
        self._watch = Asking(lambda: ask_postgres(self._server.server_url, port))
        return ""

    def _follow_filling(self) -> None:
        if self._filling is None:
            self._filling = Background(self._fill, "fill-postgres")
        elif self._filling.done:
            error = self._filling.error
            # One that the server broke off is tried again as soon as the server answers.
            self._filling = None
            self._filled = error is None
            if error is not None and not isinstance(error, psycopg.OperationalError):
                self.failure = error

    def _close_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
