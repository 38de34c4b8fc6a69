"""Tries a finished frozen program out: what is in it, the help of each role, and the tour without a display."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from main import CHECKOUT_ONLY, ROLES
from services.local.install import Install
from services.local.postgres import home_for
from services.settings import child_environment
from tests.freeze.build import passes_scan
from tests.freeze.metadata import PROGRAM

WITH_WINDOW: Final = ("console", "tour")
WITHOUT_QT: Final = tuple(name for name in ROLES if name not in (*WITH_WINDOW, *CHECKOUT_ONLY))
SEEN_IN_TOUR: Final = ("stack", "endpoints", "brain", "intake", "subscriber", "worker", "monitor")
"""Roles that live through the tour, so that a look at the processes can't miss them."""
TOUR_SECONDS: Final = 600.0
_OF_THE_BOOTLOADER: Final = {"libz.so.1"}
"""What the executable itself is linked with, before it knows its own folder."""
_QT: Final = re.compile(r"PySide6|libQt6|shiboken6")


def check(folder: Path) -> int:
    """Say what is wrong with the program in `folder`; the exit code."""
    program = folder / (f"{PROGRAM}.exe" if sys.platform == "win32" else PROGRAM)
    if not program.is_file():
        print(f"There is no {program}.", file=sys.stderr)
        return 2
    problems = [] if passes_scan(folder) else ["It holds what must not be shipped."]
    for role in ROLES:
        told = absent(program, role) if role in CHECKOUT_ONLY else helps(program, role)
        print(f"{role:<12}{told or 'as it should be'}", flush=True)
        problems += [f"{role}: {told}"] if told else []
    for told in tours(program):
        print(told)
        problems.append(told)
    print("\n".join(["FAILED:", *problems]) if problems else "The frozen program passes.", flush=True)
    return 1 if problems else 0


def helps(program: Path, role: str) -> str:
    """What is wrong with a role's --help; "" when it is told and no Qt was loaded for it."""
    with tempfile.TemporaryDirectory() as folder:
        # The C library tells every library that it loads, so that nothing depends on when one looks.
        watch = {"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": f"{folder}/loaded"} if sys.platform == "linux" else {}
        # As another role starts it: with what the first start left in the environment.
        done = _run(program, role, "--help", **watch, **_left_by_a_start(program))
        loaded = "".join(file.read_text(errors="replace") for file in Path(folder).iterdir())
    if done.returncode != 0 or f"{PROGRAM} {role}" not in done.stdout:
        return f"--help ended with {done.returncode}: {(done.stderr or done.stdout)[-300:]}"
    if watch and "libpython" not in loaded:
        return "the libraries that it loads could not be seen"
    strays = _strays(program, loaded)
    if strays:
        return f"it takes {', '.join(strays)} from the system although its own lies beside it"
    return "its --help loads Qt" if role in WITHOUT_QT and _QT.search(loaded) else ""


def absent(program: Path, role: str) -> str:
    """What is wrong with the refusal of a role that only a checkout has; "" when it is told in words."""
    done = _run(program, role, "--help")
    fine = done.returncode == 2 and "checkout" in done.stderr and role not in _run(program, "--help").stdout
    return "" if fine else f"it isn't refused in words: {done.returncode} {done.stderr[-300:]}"


def tours(program: Path) -> Iterator[str]:
    """What is wrong with the tour without a display; a sentence each."""
    with tempfile.TemporaryDirectory(prefix="directory-bolt-") as name:
        home = Path(name)
        with (home / "words").open("wb") as words:
            tour = subprocess.Popen(
                [program, "tour", "--out", str(home / "pictures")],
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                cwd=home,
                env=child_environment({"DIRECTORY_BOLT_HOME": str(home / "data"), "QT_QPA_PLATFORM": "offscreen"}),
            )
            qt: dict[str, bool] = {}
            deadline = time.monotonic() + TOUR_SECONDS
            while tour.poll() is None and time.monotonic() < deadline:
                for role, has_qt in _running(program):
                    qt[role] = qt.get(role, False) or has_qt
                time.sleep(0.2)
            if tour.poll() is None:
                tour.terminate()
                yield f"The tour wasn't over after {TOUR_SECONDS:g} s."
            code = tour.wait()
        print((home / "words").read_text(errors="replace"))
        for file in (home / "words", *sorted((home / "data" / "local" / "logs").glob("*.log"))):
            if file.exists() and "Traceback" in (text := file.read_text(errors="replace")):
                yield f"{file.stem} tells of a fault: {text[text.index('Traceback') :][-600:]}"
        _forget(home / "data")
        if code != 0:
            yield f"The tour ended with {code}."
        if sys.platform == "linux":
            yield from _wrong_with(qt)


def _wrong_with(qt: dict[str, bool]) -> Iterator[str]:
    """`qt`: for each role that ran, whether it had Qt loaded."""
    yield from (f"{role} was never seen running." for role in (*SEEN_IN_TOUR, "tour") if role not in qt)
    yield from (f"{role} runs with Qt loaded." for role in WITHOUT_QT if qt.get(role))
    if not qt.get("tour", True):
        yield "The tour ran without Qt, as far as could be seen: this check is blind."


def _running(program: Path) -> Iterator[tuple[str, bool]]:
    """Each process of `program`: its role, and whether Qt is in its memory."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "exe").resolve() == program:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                yield words[1].decode(errors="replace"), bool(_QT.search((entry / "maps").read_text()))
        except (OSError, IndexError):
            continue  # it is gone


def _left_by_a_start(program: Path) -> dict[str, str]:
    """What a role finds in its environment when another role of the program started it."""
    names = {"_PYI_ARCHIVE_FILE": str(program), "_PYI_PARENT_PROCESS_LEVEL": "-1", "_PYI_LINUX_PROCESS_NAME": PROGRAM}
    return {**names, "PYINSTALLER_RESET_ENVIRONMENT": "1"} if sys.platform == "linux" else {}


def _strays(program: Path, loaded: str) -> list[str]:
    """Libraries that lie in the program's folder and were taken from elsewhere; by the paths in `loaded`."""
    inside = program.parent / "_internal"
    paths = {Path(path) for path in re.findall(r"(/\S+\.so[.\d]*)", loaded)}
    ours = {path.name for path in paths if (inside / path.name).exists()} - _OF_THE_BOOTLOADER
    return sorted(path.name for path in paths if path.name in ours and not path.is_relative_to(inside))


def _run(program: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=child_environment(environment),
        timeout=120,
        check=False,
    )


def _forget(data: Path) -> None:
    """Delete the PostgreSQL files of a data folder, which for root lie elsewhere."""
    file = data / "local" / "stack.json"
    if file.exists():
        install = msgspec.json.decode(file.read_bytes(), type=Install)
        shutil.rmtree(home_for(data, install.id), ignore_errors=True)
