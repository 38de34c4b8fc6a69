"""The band of faults: what it says of each part, and that it says it no longer than it is so."""

from __future__ import annotations

from datetime import datetime

import pytest
from PySide6.QtWidgets import QApplication

from services.local import options
from widgets.look import theme
from widgets.parts import stack_words
from widgets.parts.fault_band import FaultBand

NOON = datetime(2026, 3, 4, 12, 0, 0).timestamp()  # noqa: DTZ001  as the wall shows it

IS = {"postgres": "is", "endpoints": "are", "stack": "is"}


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def band(qt_app: QApplication, clock: Clock) -> FaultBand:
    theme.apply("light", qt_app)
    made = FaultBand(clock=clock)
    for part in ("postgres", "endpoints", "worker"):
        made.take(part, "starting", "")
        made.take(part, "up", "")
    return made


def test_a_part_that_is_still_coming_up_is_no_fault(band: FaultBand) -> None:
    band.take("brain", "starting", "")
    band.take("brain", "restarting", "ended with exit code 1")
    assert (band.words(), band.isHidden()) == ([], True)


def test_it_says_what_since_when_what_it_means_and_what_comes_next(band: FaultBand, clock: Clock) -> None:
    band.take("worker", "silent", "no sign of life")
    assert band.words() == [
        "Worker is silent since 12:00:00; nothing is submitted until it is back. "
        "If it stays so, it is started again by itself. (No sign of life.)"
    ]
    clock.now += 15
    band.take("worker", "restarting", "did not answer for 15 s and was ended; next start in 0.5 s")
    assert band.words() == [
        "Worker is down since 12:00:00; nothing is submitted until it is back. It is being started again. "
        "(Did not answer for 15 s and was ended; next start in 0.5 s.)"
    ]
    band.take("worker", "starting", "")
    assert "since 12:00:00" in band.words()[0]
    assert not band.isHidden()


def test_it_is_gone_when_the_part_is_back_and_tells_so(band: FaultBand, clock: Clock) -> None:
    back: list[str] = []
    band.cleared.connect(back.append)
    band.take("worker", "restarting", "")
    band.take("endpoints", "silent", "")
    band.take("worker", "up", "")
    assert back == ["worker"]
    assert [line.split(";")[0] for line in band.words()] == [
        "Gateway, queue and practice directories are silent since 12:00:00"
    ]
    band.take("endpoints", "ended", "")
    assert (band.words(), band.isHidden(), back) == ([], True, ["worker"])
    clock.now += 60
    band.take("worker", "silent", "")
    assert "12:01:00" in band.words()[0]


def test_one_line_speaks_for_all_when_the_supervisor_is_gone(band: FaultBand) -> None:
    back: list[str] = []
    band.cleared.connect(back.append)
    band.take("worker", "restarting", "")
    band.take("stack", "restarting", "its supervisor ended")
    band.take("worker", "starting", "")
    band.take("postgres", "starting", "")
    assert [line.split(" since")[0] for line in band.words()] == ["Local stack is down"]
    for part in ("postgres", "worker", "stack"):
        band.take(part, "up", "")
    assert (band.words(), back) == ([], ["stack"])


def test_a_lost_connection_is_said_with_the_time_that_is_known(band: FaultBand) -> None:
    band.take("link", "lost", "the server does not answer", since=NOON - 11)
    assert band.words() == [
        "Connection to the database is lost since 11:59:49; what you see is as it was then and acts are refused until "
        "it is back. (The server does not answer.)"
    ]
    band.take("link", "up", "")
    assert (band.words(), band.isHidden()) == ([], True)
    # What an earlier start has left may be days old.
    band.take("link", "lost", "", since=NOON - 2 * 86400)
    assert "is lost since 02 Mar, 12:00:00;" in band.words()[0]


@pytest.mark.parametrize("cause", ["postgres", "endpoints", "stack"])
def test_a_part_that_is_away_speaks_for_the_connection(band: FaultBand, cause: str) -> None:
    back: list[str] = []
    band.cleared.connect(back.append)
    band.take("link", "lost", "the server does not answer")
    band.take(cause, "silent", "")
    assert [line.split(" since")[0] for line in band.words()] == [f"{stack_words.part_name(cause)} {IS[cause]} silent"]
    band.take(cause, "up", "")
    assert [line.split(" since")[0] for line in band.words()] == ["Connection to the database is lost"]
    band.take(cause, "silent", "")
    band.take("link", "up", "")
    band.take(cause, "up", "")
    assert (band.words(), back) == ([], [cause, cause])


def test_a_supervisor_that_is_silent_is_said_though_nobody_saw_it_start(band: FaultBand) -> None:
    band.take("supervisor", "silent", "it said nothing for 5 s")
    assert band.words() == [
        "Supervisor of the local stack is silent since 12:00:00; a part that fails is not started again until it is "
        "back. If it stays so, it is started again by itself. (It said nothing for 5 s.)"
    ]
    band.take("stack", "restarting", "its supervisor ended")
    assert [line.split(" since")[0] for line in band.words()] == ["Local stack is down"]


def test_a_full_disk_is_said_in_the_words_that_came(band: FaultBand) -> None:
    band.take("disk", "down", "The disk of /home is full. Make some space.")
    assert band.words() == [
        "The disk of /home is full. Make some space. Until then acts are refused, for they can't be recorded. "
        "(Since 12:00:00.)"
    ]
    assert stack_words.line("disk", "down", "The disk of /home is full.") == "The disk of /home is full."


def test_each_part_has_words_of_its_own() -> None:
    processes = {"endpoints", *options.PARTS} - {"gateway", "queue", "practice"}
    assert processes <= set(stack_words.PARTS)


def test_a_part_that_is_out_of_service_or_unknown_is_said_too(band: FaultBand) -> None:
    band.take("postgres", "down", "")
    band.take("printer", "up", "")
    band.take("printer", "restarting", "")
    assert band.words() == [
        "Database is out of service since 12:00:00; nothing can be read or written until it is back.",
        "Printer is down since 12:00:00; what it does waits until it is back. It is being started again.",
    ]


def test_another_console_begins_without_faults(band: FaultBand) -> None:
    band.take("worker", "silent", "")
    band.forget()
    assert (band.words(), band.isHidden()) == ([], True)
    band.take("worker", "starting", "")
    assert band.words() == []


def test_it_is_drawn_in_both_themes(band: FaultBand, qt_app: QApplication) -> None:
    band.take("worker", "silent", "")
    band.resize(900, 40)
    for name in ("light", "dark"):
        theme.apply(name, qt_app)
        tint = theme.current().hex("status.failed.tint").lower()
        assert band.grab().toImage().pixelColor(880, 4).name() == tint
    theme.apply("light", qt_app)
