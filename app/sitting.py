"""A sitting at the console: it is opened, stays open, and is opened again once what kept it closed is mended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from app import console
from app.actions.sign_in import SignInActs, Why
from app.desk import Desk
from app.door import Door
from app.moves import Enter, Move, SignOut, TryAgain, doing, meanwhile
from app.premises import AnotherConsole, Premises
from services.domain.errors import ConsoleError, NotReachable, Refused, SettingProblem
from services.domain.redaction import keep_out
from services.settings import Settings, SettingsError, explain

LOCK_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 10.0

Read = Callable[[], Settings]
"""Reads the settings anew, in a thread. Raises SettingsError."""


class Screen(console.Screen, Protocol):
    """What a sitting needs of the window."""

    def show_environment(self, environment: str) -> None:
        """Wear the colours of an environment."""
        ...

    def show_starting(self, words: str, more: str) -> None:
        """Show what is being done until a desk is there; `more`: what that means, "" for nothing."""
        ...

    def show_problem(
        self, sentence: str, hint: str, raw: str, settings: Sequence[SettingProblem], elsewhere: str
    ) -> None:
        """Say why nothing can be shown, with a row for each setting that is wrong.

        `elsewhere`: the words of a button that leads to the sign-in, "" for none.
        """
        ...

    def show_sign_in(self, acts: SignInActs) -> None:
        """Ask who comes, and where to."""
        ...

    def when_moving(self, call: Callable[[Move], None]) -> None:
        """Call `call` whenever the person wants to go elsewhere."""
        ...


class Closing(Protocol):
    """Somebody wants to end the program."""

    async def wait(self) -> object:
        """Return when that is so."""
        ...


async def sit(
    read: Read,
    dotenv: Path,
    screen: Screen,
    closing: Closing,
    work: Callable[[Desk], Awaitable[int]] | None = None,
    *,
    read_only: bool = False,
) -> int:
    """Keep a console open until `closing`; `dotenv` is the file that people are told to write settings into.

    With `work`, do that at the desk once and end with its answer; 1 when there is no desk to be had.
    `read_only`: every act is off.
    """
    premises = Premises()
    try:
        return await _Sitting(read, dotenv, screen, closing, work, premises, read_only).last()
    finally:
        await premises.close()


class _Sitting:
    """One console after the other, as the person moves."""

    def __init__(
        self,
        read: Read,
        dotenv: Path,
        screen: Screen,
        closing: Closing,
        work: Callable[[Desk], Awaitable[int]] | None,
        premises: Premises,
        read_only: bool,
    ) -> None:
        self._read = read
        self._dotenv = dotenv
        self._screen = screen
        self._closing = closing
        self._work = work
        self._premises = premises
        self._read_only = read_only
        self._door = Door()
        self._move: Move = TryAgain()
        self._moved = asyncio.Event()
        screen.when_moving(self._go)

    async def last(self) -> int:
        """Go on until the end; the exit code."""
        self._screen.show_starting(doing(self._move), meanwhile(self._move))
        while True:
            self._moved.clear()
            end = await self._open_once()
            if isinstance(end, int):
                return end
            if isinstance(end, ConsoleError) and self._work is not None:
                self._show_problem(end)
                return 1
            if isinstance(end, Why) or (isinstance(end, ConsoleError) and self._door.asks_for(end)):
                if await self._ask_in(end) == 0:
                    return 0
            elif end is not None:
                self._show_problem(end)
                if await _first(self._closing.wait(), self._moved.wait(), _after(end)) == 0:
                    return 0
            if end is None or self._moved.is_set():
                self._screen.show_starting(doing(self._move), meanwhile(self._move))

    def _go(self, move: Move) -> None:
        self._move = move
        self._moved.set()

    def _take_move(self) -> Move:
        move, self._move = self._move, TryAgain()
        return move

    def _show_problem(self, error: ConsoleError) -> None:
        self._screen.show_problem(
            str(error), error.hint, error.raw, explain(error.settings, self._dotenv), self._door.elsewhere
        )

    async def _open_once(self) -> int | ConsoleError | Why | None:
        """One console from opening to closing: an exit code, what kept it closed, or None to open another one.

        A Why asks who comes next.
        """
        move = self._take_move()
        if isinstance(move, Enter):
            keep_out(move.draft.password)
        try:
            settings = await self._door.settings(await asyncio.to_thread(self._read), move, self._premises)
        except SettingsError as error:
            wrong = {name: f"It {why}." for name, why in error.problems.items()}
            return Refused("Settings can't be used.", settings=wrong)
        except ConsoleError as error:
            return error
        if isinstance(settings, Why):
            return settings
        keep_out(*settings.secrets)
        self._screen.show_environment(settings.where)
        opened = console.Console(
            settings,
            self._screen,
            self._premises,
            self._door.environments,
            current=self._door.current,
            typed=self._door.typed,
            person=self._door.person,
            read_only=self._read_only,
        )
        found: list[Desk | ConsoleError] = []

        async def open_it() -> None:
            try:
                found.append(await opened.open())
            except ConsoleError as error:
                found.append(error)

        told, out = True, False
        try:
            await _first(self._closing.wait(), open_it())
            if not found:
                return 0
            desk = found[0]
            if isinstance(desk, ConsoleError):
                return desk
            self._door.opened()
            if self._work is not None:
                return await self._work(desk)
            if await _first(self._closing.wait(), opened.outdated.wait(), self._moved.wait()) == 0:
                return 0
            # Before anything is ended: what they saw, and could press, goes with who leaves.
            self._screen.show_starting(doing(self._move), meanwhile(self._move))
            # Nothing keeps a sign-in to the local stack: whoever leaves it signs out.
            out = self._moved.is_set() and (isinstance(self._move, SignOut) or bool(desk.people))
        finally:
            told = await opened.close(sign_out=out)
        if opened.over is not None and not self._moved.is_set():
            return self._door.after_the_end(opened.over)
        if out and isinstance(self._move, SignOut):
            return self._door.after_sign_out(told=told)
        return None

    async def _ask_in(self, why: Why | ConsoleError) -> int:
        """Show the sign-in until somebody goes on; 0 when the program is to be closed."""
        acts = self._door.form(why, self._go)
        self._moved.clear()
        self._screen.show_sign_in(acts)
        try:
            return await _first(self._closing.wait(), self._moved.wait())
        finally:
            await acts.close()


async def _after(error: ConsoleError) -> None:
    """Wait as long as it makes sense before trying again by oneself; for ever where only a person can mend it."""
    if isinstance(error, AnotherConsole):
        await asyncio.sleep(LOCK_SECONDS)
    elif isinstance(error, NotReachable) or not error.settings:
        await asyncio.sleep(AGAIN_SECONDS)
    else:
        await asyncio.Event().wait()


async def _first(*waits: Coroutine[Any, Any, object]) -> int:
    """Which of them ended first; the others are cancelled. Raises ExceptionGroup with what one of them raised."""
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(wait) for wait in waits]
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        first = next(number for number, task in enumerate(running) if task.done())
        for task in running:
            task.cancel()
    return first
