"""Times and spans as people read them."""

from __future__ import annotations

from datetime import datetime

from services.domain.diagnosis import since


def clock(seconds: float | None) -> str:
    """A time of day in this machine's zone, 14:03:22; "—" when not known."""
    return "—" if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S")


def day_clock(seconds: float | None, now: float | None = None) -> str:
    """A time of day, with its date where that isn't today: 14:03:22, or 26 Nov, 14:03:22; "—" when not known."""
    return _of_day(seconds, now, "%H:%M:%S", "%d %b, %H:%M:%S")


def when(seconds: float | None) -> str:
    """For lists: a time of day, or the date where that isn't today: 14:03:22, or 26 Nov; "—" when not known."""
    return _of_day(seconds, None, "%H:%M:%S", "%d %b")


def hour(seconds: float | None) -> str:
    """The same to the minute: 14:03, or 26 Nov, 14:03."""
    return _of_day(seconds, None, "%H:%M", "%d %b, %H:%M")


def _of_day(seconds: float | None, now: float | None, today: str, another: str) -> str:
    if seconds is None:
        return "—"
    moment, here = datetime.fromtimestamp(seconds).astimezone(), datetime.now().astimezone()
    if now is not None:
        here = datetime.fromtimestamp(now).astimezone()
    return moment.strftime(today if moment.date() == here.date() else another)


def moment(seconds: float | None) -> str:
    """Date and time with the zone, for tool tips; "" when not known."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def elapsed(seconds: float | None) -> str:
    """How long something takes: 18:04, 2 h 31; "—" when not known."""
    if seconds is None:
        return "—"
    whole = max(0, int(seconds))
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02}"
    return f"{whole // 60}:{whole % 60:02}"


def ago(seconds: float | None, now: float) -> str:
    """How long ago: 2 s, 22 min within the hour, then the time of day, then the date; "none" when never."""
    if seconds is None:
        return "none"
    age = now - seconds
    if age < 3600:
        return since(age)
    day = datetime.fromtimestamp(seconds).astimezone()
    return day.strftime("%H:%M") if age < 86400 else day.strftime("%d %b")


def took(milliseconds: int | None) -> str:
    """A duration: 0.3 s, 31.2 s, 2 min; "—" when not known."""
    if milliseconds is None:
        return "—"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 100_000 else since(milliseconds / 1000)


def as_of(true_at: float | None, now: float, *, stale: bool = False, kept: bool = False) -> str:
    """How old a panel's content is: as of 14:03:22; with its age when stale; "reading" before the first read.

    `kept`: it is what an earlier start read, and the project hasn't answered since.
    """
    if true_at is None:
        return "reading"
    if kept:
        day = datetime.fromtimestamp(true_at).astimezone()
        today = datetime.fromtimestamp(now).astimezone()
        return f"as of {day.strftime('%H:%M' if day.date() == today.date() else '%d %b %H:%M')}, offline"
    words = f"as of {clock(true_at)}"
    return f"{words}, {since(now - true_at)} old" if stale else words
