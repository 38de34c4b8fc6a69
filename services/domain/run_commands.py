"""What a person tells a browser run while it runs: one JSON object a line, told apart by `do`.

A run is held between two steps only. Indexes count from 0 and are those of the plan's steps.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec


class _Command(msgspec.Struct, frozen=True, tag_field="do", omit_defaults=True, forbid_unknown_fields=True):
    pass


class Pause(_Command, frozen=True, tag="pause"):
    """Hold before the next step."""


class GoOn(_Command, frozen=True, tag="go_on"):
    """Go on; where a step failed, try it again."""


class OneStep(_Command, frozen=True, tag="one_step"):
    """Carry out one step, then hold again."""


class RunTo(_Command, frozen=True, tag="run_to"):
    """Go on, and hold before step `index`."""

    index: int


class SkipStep(_Command, frozen=True, tag="skip_step"):
    """Leave out the step that failed, and go on with the next one."""


class EditStep(_Command, frozen=True, tag="edit_step"):
    """Change a step that has not begun, or that failed, while the run is held.

    `where`: its selector, its address for one that opens a page, what it waits for. `value`: what goes in.
    None leaves it as it is.
    """

    index: int
    where: str | None = None
    value: str | None = None


class MoreTime(_Command, frozen=True, tag="more_time"):
    """Wait for a person for longer: as much again from now on."""


class Stay(_Command, frozen=True, tag="stay"):
    """Don't go on by yourself, though the page no longer asks for what a person was called for."""


class AskSolver(_Command, frozen=True, tag="ask_solver"):
    """Have the captcha solved for money, where that is allowed."""


class Mouse(_Command, frozen=True, tag="mouse"):
    """A person uses the mouse in the page of a held run; places in the page's own pixels."""

    what: Literal["move", "down", "up", "wheel"]
    x: float
    y: float
    scroll: float = 0.0


class Keys(_Command, frozen=True, tag="keys"):
    """A person types into the page of a held run: `text`, or the one key that Playwright calls `key`."""

    text: str = ""
    key: str = ""


class Pick(_Command, frozen=True, tag="pick"):
    """Find a selector for what is at a place of the page of a held run."""

    x: float
    y: float


class Watch(_Command, frozen=True, tag="watch"):
    """Somebody sees the page from now on, or nobody any more: its frames are told only meanwhile."""

    on: bool


Command = (
    Pause | GoOn | OneStep | RunTo | SkipStep | EditStep | MoreTime | Stay | AskSolver | Mouse | Keys | Pick | Watch
)
_decoder: Final[msgspec.json.Decoder[Command]] = msgspec.json.Decoder(Command)

HELP_SECONDS: Final = 300.0
"""For so long a step that failed waits for a person, who may ask for as much again."""
PATIENCE_SECONDS: Final = 1440.0
"""For so long, all together, a run is held for a person."""
CLAIM_SECONDS: Final = 2010
"""For so long a run claims its directory: the longest run (480 s), held for the longest time, and what a slow machine
needs to begin it and to write its end."""


def encode_command(command: Command) -> str:
    """The command as one line, newline included."""
    return msgspec.json.encode(command).decode() + "\n"


def decode_command(line: bytes) -> Command | None:
    """The command in a line; None when it isn't one."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
