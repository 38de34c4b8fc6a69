"""A role of this program as a child process of the stack."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from services.local.ports import is_taken
from services.local.watch import Asking, Listening, Watch, ask_http
from services.process_tree import kill_group, kill_tree
from services.program import role_command

log = logging.getLogger(__name__)

_LOG_LIMIT: Final = 5_000_000
_REAP_SECONDS: Final = 2.0


class RoleProcess:
    """Told to end by the end of its standard input. With `ports` it is asked over HTTP, else it beats by itself."""

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log_file: Path, ports: Sequence[int]
    ) -> None:
        self.name = name
        self._arguments = arguments
        self._environment = environment
        self._log_file = log_file
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: Watch | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def signs(self) -> int:
        return self._watch.signs if self._watch else 0

    @property
    def ready(self) -> bool:
        return self._watch.ready if self._watch else False

    @property
    def why(self) -> str:
        return self._watch.why if self._watch else ""

    def begin(self) -> None:
        """Start the child. Raises OSError, also when another program has one of its ports."""
        for port in self._ports:
            if is_taken(port):
                raise OSError(f"port {port} is taken by another program")
        command = role_command(self.name, "--end-with-parent", *self._arguments)
        output = self._open_log()
        try:
            process = subprocess.Popen(
                command if self._ports else [*command, "--beat"],
                stdin=subprocess.PIPE,
                stdout=output if self._ports else subprocess.PIPE,
                stderr=output,
                env=dict(self._environment),
                process_group=0 if sys.platform != "win32" else None,
            )
        finally:
            if output != subprocess.DEVNULL:
                os.close(output)
        self._process = process
        self._watch = Asking(lambda: ask_http(self._ports)) if process.stdout is None else Listening(process.stdout)

    def follow(self) -> str:
        code = self._process.poll() if self._process else None
        if code is None:
            return ""
        self._let_go()
        return how_it_ended(code)

    def kill(self) -> None:
        if self._process is not None:
            kill_tree(self._process.pid)
            self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_REAP_SECONDS)
            self._let_go()

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def wait_for_end(self, limit: float) -> None:
        if self._process is None:
            return
        try:
            self._process.wait(limit)
        except subprocess.TimeoutExpired:
            log.warning("A part did not end in time and is killed", extra={"part": self.name})
            self.kill()
        else:
            self._let_go()

    def _let_go(self) -> None:
        """Of a child that is gone, and of what it left running in its process group, such as a browser."""
        process, self._process = self._process, None
        if process is not None:
            kill_group(process.pid)
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _open_log(self) -> int:
        """The log to append to. On a full disk it may be nowhere: a part without a log is better than none."""
        file = self._log_file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.exists() and file.stat().st_size > _LOG_LIMIT:
                file.replace(file.with_suffix(".old.log"))
            return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        except OSError as error:
            log.warning("A part runs without its log", extra={"part": self.name, "reason": str(error)})
            return subprocess.DEVNULL


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
