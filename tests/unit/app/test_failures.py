"""What nobody caught ends in a report without secrets, and is said once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from app import tasks
from app.failures import KEPT, WINDOW, Failures
from services.domain.errors import SignedOut
from services.domain.redaction import keep_out
from tests.fakes.virtual_time import run_virtually
from tests.leaks.logs import Logged

SECRETS = (
    "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoieCJ9.c2lnbmF0dXJl",
    "sb_secret_planted12345",
    "AKIAPLANTEDKEY123456",
    "planted-in-url",
    "planted-in-body",
    "planted in the settings",
)


def broken() -> None:
    key, token, access, url, body, known = SECRETS
    raise ValueError(f'{key} {token} {access} postgres://me:{url}@127.0.0.1/x {{"password": "{body}"}} {known}')


class Heard:
    def __init__(self) -> None:
        self.words: list[tuple[str, str, str]] = []

    def __call__(self, name: str, why: str, report: str) -> None:
        self.words.append((name, why, report))


def test_a_failed_task_leaves_a_report_without_secrets(tmp_path: Path, logged: Logged) -> None:
    keep_out(SECRETS[-1])
    heard = Heard()

    async def fail() -> None:
        broken()

    async def main() -> None:
        await asyncio.wait([tasks.spawn("sync", fail())])
        await asyncio.sleep(0)

    with Failures(tmp_path / "crashes", heard).watched():
        run_virtually(main())
    logged.take("sync failed")
    (file,) = (tmp_path / "crashes").iterdir()
    assert heard.words == [("sync", "", file.name)]
    text = file.read_text()
    assert "in broken" in text
    assert [secret for secret in SECRETS if secret in text] == []
    assert file.stat().st_mode & 0o077 == 0 or sys.platform == "win32"


def test_what_qt_calls_is_watched_until_the_end(tmp_path: Path, logged: Logged) -> None:
    heard, before = Heard(), sys.excepthook
    with Failures(tmp_path, heard).watched():
        for _ in range(3):
            try:
                broken()
            except ValueError as error:
                sys.excepthook(type(error), error, error.__traceback__)
    assert [(name, bool(report)) for name, _, report in heard.words] == [(WINDOW, True)]
    assert len(list(tmp_path.iterdir())) == 1
    assert sys.excepthook is before
    assert len(logged.take_every("window failed")) == 3


def test_an_interrupt_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: Heard = Heard()
    kinds: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: kinds.append(kind))
    with Failures(tmp_path, heard).watched():
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert (kinds, heard.words) == ([KeyboardInterrupt], [])


def test_an_error_in_words_is_said_as_it_is(tmp_path: Path) -> None:
    heard = Heard()
    Failures(tmp_path, heard).take("session", SignedOut("The sign-in has ended.", hint="Sign in again."))
    assert heard.words == [("session", "The sign-in has ended. Sign in again.", "")]
    assert list(tmp_path.iterdir()) == []


def test_only_the_last_reports_are_kept(tmp_path: Path) -> None:
    failures = Failures(tmp_path, Heard())
    for number in range(KEPT + 5):
        failures.take("load", ValueError(str(number)))
    assert len(list(tmp_path.iterdir())) == KEPT


def test_a_folder_that_can_not_be_used_hides_no_failure(tmp_path: Path, logged: Logged) -> None:
    (tmp_path / "crashes").write_text("a file")
    heard = Heard()
    Failures(tmp_path / "crashes", heard).take("load", ValueError("x"))
    assert heard.words == [("load", "", "")]
    logged.take("no report could be written")
