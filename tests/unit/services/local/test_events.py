"""Events: JSON for a program, words for a person."""

from __future__ import annotations

import io
import json

import pytest

from services.local.events import Beat, say, say_part


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_program_gets_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    say_part("brain", "silent", 7, "it runs but does not answer")
    line = capsys.readouterr().out
    assert json.loads(line) == {
        "event": "part", "name": "brain", "state": "silent", "pid": 7, "why": "it runs but does not answer",
    }  # fmt: skip
    assert line.endswith("\n")


def test_a_beat_is_an_empty_line_a_second(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("services.local.events.time.monotonic", lambda: now[0])
    beat = Beat()
    for _ in range(12):
        beat.tick()
        now[0] += 0.2
    assert capsys.readouterr().out == "\n\n\n"


def test_a_person_gets_words(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr("sys.stdout", screen)
    say_part("brain", "restarting", None, "was ended by SIGKILL")
    say_part("brain", "up", 8, "")
    say({"event": "ready", "env": {"SUPABASE_URL": "http://127.0.0.1:5"}, "settings_file": "/data/console.json"})
    say({"event": "failed", "why": "The disk is full."})
    say({"event": "ended"})
    assert screen.getvalue().splitlines() == [
        "brain       restarting: was ended by SIGKILL",
        "brain       up (process 8)",
        "The stack is up.",
        "  SUPABASE_URL=http://127.0.0.1:5",
        "Its secrets too: /data/console.json",
        "The disk is full.",
        "Everything has ended.",
    ]


def test_a_reader_who_is_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    monkeypatch.setattr("sys.stdout", closed)
    closed.close()
    monkeypatch.setattr(closed, "isatty", lambda: False, raising=False)
    say_part("brain", "up", 8, "")
