"""Commands of a run come back from their lines as they were; what isn't one is none."""

from __future__ import annotations

import pytest

from services.domain.run_commands import (
    CLAIM_SECONDS,
    PATIENCE_SECONDS,
    Command,
    EditStep,
    GoOn,
    Keys,
    MoreTime,
    Mouse,
    OneStep,
    Pause,
    Pick,
    RunTo,
    SkipStep,
    Watch,
    decode_command,
    encode_command,
)


@pytest.mark.parametrize(
    "command",
    [
        Pause(),
        GoOn(),
        OneStep(),
        RunTo(3),
        SkipStep(),
        EditStep(2, "#naïve\n", "a"),
        EditStep(0),
        Mouse("down", 1, 2),
        Keys("a"),
        Pick(1, 2),
        MoreTime(),
        Watch(True),
    ],
)
def test_a_command_is_one_line(command: Command) -> None:
    line = encode_command(command)
    assert line.count("\n") == 1
    assert decode_command(line.encode()) == command


@pytest.mark.parametrize("line", [b"", b"\xff", b"[]", b'{"do": "shout"}', b'{"do": "run_to"}', b'{"index": 1}'])
def test_what_is_no_command_is_none(line: bytes) -> None:
    assert decode_command(line) is None


def test_a_held_run_ends_before_its_claim_does() -> None:
    assert PATIENCE_SECONDS + 480 < CLAIM_SECONDS
