"""The console on a local stack of its own, while each part of that is frozen and killed: run by `test_faults`.

`python -m tests.e2e.faults_scenario HOME` prints a line for each step that was seen, and ends with 0 after the last.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
from PySide6.QtWidgets import QApplication

from app.desk import Desk
from app.loop import Closing, run_in_qt
from app.sitting import sit
from services.local.install import Install
from services.local.witness import Witness
from services.settings import read_settings
from tests.local_stack import leave_few
from widgets.console_window import ConsoleWindow
from widgets.frame import Frame
from widgets.look import theme

LIMIT = 60.0
ROLES = ("intake", "subscriber", "worker", "brain")
NAMES = {
    "worker": "Worker",
    "subscriber": "Subscriber",
    "intake": "Outbox relay",
    "brain": "Brain",
    "endpoints": "Gateway, queue",
    "postgres": "Database",
    "supervisor": "Supervisor",
    "link": "Connection to the database",
    "stack": "Local stack",
}


class Scenario:
    """Steps on a desk that is open; each says what it saw."""

    def __init__(self, window: ConsoleWindow, home: Path) -> None:
        self._window = window
        self._home = home

    async def run(self, desk: Desk) -> int:
        await self._until(lambda: desk.store.link.live, "the link is live")
        await asyncio.to_thread(leave_few, Witness(self._home))
        await self._roles("frozen", signal.SIGSTOP, "is silent since")
        await self._roles("killed", signal.SIGKILL, "is down since")
        await self._one("endpoints", signal.SIGSTOP, "are silent since")
        await self._one("endpoints", signal.SIGKILL, "are down since")
        await self._live(desk)
        await self._one("postgres", signal.SIGSTOP, "is silent since")
        await self._one("postgres", signal.SIGKILL, "is down since")
        await self._live(desk)
        await self._cut_off(desk)
        await self._supervisor(desk)
        await self._equal(desk)
        return 0

    async def _roles(self, how: str, number: signal.Signals, words: str) -> None:
        pids = {role: process_of(self._home, role) for role in ROLES}
        for pid in pids.values():
            os.kill(pid, number)
        for role in ROLES:
            await self._says(role, words)
        if number == signal.SIGSTOP:
            for pid in pids.values():
                _wake(pid)
        await self._mended()
        self._tell(f"{', '.join(ROLES)} {how}: said, and mended")

    async def _one(self, part: str, number: signal.Signals, words: str) -> None:
        pids = [process_of(self._home, part)]
        if number == signal.SIGSTOP:
            pids += children_of(pids[0])  # a server's sessions work on without it
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):  # a session may have ended meanwhile
                os.kill(pid, number)
        await self._says(part, words)
        if number == signal.SIGSTOP:
            for pid in pids:
                _wake(pid)
        await self._mended()
        self._tell(f"{part} {number.name}: said, and mended")

    async def _cut_off(self, desk: Desk) -> None:
        """The supervisor is frozen, and the gateway can't be reached: neither has anything to do with the other."""
        supervisor = process_of(self._home, "stack")
        os.kill(supervisor, signal.SIGSTOP)
        await asyncio.to_thread(self._switch, out_of_reach=True)
        await self._says("supervisor", "is silent since")
        await self._says("link", "is lost since")
        badge = self._window.bar.link.words()
        self._check(badge.startswith("Offline since "), f"the badge says {badge}")
        self._check(len(self._window.faults.words()) == 2, "nothing else is amiss")
        _wake(supervisor)
        await asyncio.to_thread(self._switch, out_of_reach=False)
        await self._mended()
        await self._live(desk)
        self._tell("supervisor SIGSTOP, console cut off: said, and mended")

    def _switch(self, **switches: bool) -> None:
        install = msgspec.json.decode((self._home / "local" / "stack.json").read_bytes(), type=Install)
        address = f"http://127.0.0.1:{install.ports.gateway}/_faults"
        key = {"apikey": install.service_role_key}
        httpx.put(address, headers=key, json=switches, trust_env=False).raise_for_status()

    async def _live(self, desk: Desk) -> None:
        await self._until(lambda: desk.store.link.live, "the link is live again")

    async def _supervisor(self, desk: Desk) -> None:
        before = process_of(self._home, "stack")
        frozen = process_of(self._home, "worker")
        os.kill(frozen, signal.SIGSTOP)  # it doesn't notice that its supervisor is gone
        os.kill(before, signal.SIGKILL)
        await self._says("stack", "is down since")
        await self._mended()
        self._check(process_of(self._home, "stack") != before, "another supervisor")
        await self._live(desk)
        self._tell("supervisor killed: said, started again, and live")

    async def _equal(self, desk: Desk) -> None:
        witness = Witness(self._home)
        names = ("pending", "in_progress", "completed", "failed", "paused")

        async def equal() -> bool:
            rows = await asyncio.to_thread(witness.query, "select status, count(*) from jobs group by status")
            truth = dict(rows)
            counts = desk.store.counts()
            return all(getattr(counts, name) == truth.get(name, 0) for name in names)

        deadline = time.monotonic() + LIMIT
        while not await equal():
            self._check(time.monotonic() < deadline, "the counts equal the database")
            await asyncio.sleep(0.1)
        self._tell("counts equal the database")

    async def _says(self, part: str, words: str) -> None:
        await self._until(
            lambda: any(line.startswith(NAMES[part]) and words in line for line in self._window.faults.words()),
            f"{part} {words}",
        )
        self._check(self._window.faults.isVisible(), "the band is visible")

    async def _mended(self) -> None:
        await self._until(
            lambda: not self._window.faults.words() and self._window.faults.isHidden(), "no fault is left"
        )

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + LIMIT
        while not condition():
            self._check(time.monotonic() < deadline, what)
            await asyncio.sleep(0.05)

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise AssertionError(f"not seen: {what}; the band says {self._window.faults.words()}")

    def _tell(self, words: str) -> None:
        print(words, flush=True)


def _wake(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # on a machine this slow it was ended by now
        os.kill(pid, signal.SIGCONT)


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def process_of(home: Path, role: str) -> int:
    """The process of a role of the stack in `home`."""
    if role == "postgres":
        return _postmaster(home)
    wanted = f"DIRECTORY_BOLT_HOME={home}".encode()
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(bytes(1))
            if role.encode() in words and b"main.py" in words[1] and wanted in (folder / "environ").read_bytes():
                return int(folder.name)
        except (OSError, IndexError, ValueError):
            continue
    raise AssertionError(f"there is no {role}")


def _postmaster(home: Path) -> int:
    folder = Witness(home).query("show data_directory")[0][0]
    return int((Path(folder) / "postmaster.pid").read_text().split()[0])


def main(home: Path) -> int:
    application = QApplication(sys.argv[:1])
    theme.apply("light", application)
    frame = Frame("local")

    async def life(closing: Closing) -> int:
        window = ConsoleWindow("local")
        frame.hold(window)
        frame.resize(1280, 800)
        frame.show()
        return await sit(
            lambda: read_settings({"DIRECTORY_BOLT_HOME": str(home)}),
            home / ".env",
            window,
            closing,
            Scenario(window, home).run,
        )

    return run_in_qt(application, life, end_limit=25.0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
