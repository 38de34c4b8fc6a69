"""Every act of staff, declared once: menu, button, shortcut and help grow from it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

Role = Literal["viewer", "operator", "admin"]
NOT_YET: Final = "not signed in yet"
"""The role of somebody who looks at what was last known, before the project has answered."""
READ_ONLY: Final = "read only"
"""The role of everybody in a console that was started with --read-only."""
LOCKED: Final = "locked"
"""The role of everybody while the window is locked."""
_RANK: Final = {"viewer": 0, "operator": 1, "admin": 2}


class Act(msgspec.Struct, frozen=True):
    """One act. `key` is its shortcut ("" for none), `icon` a name of the look room.

    `confirm`: "sheet" asks first; "undo" asks where it is about more than one thing or in production, and else runs
    after 5 s unless undone; "none" at once (`app.actions.confirming`).
    """

    name: str
    label: str
    icon: str
    key: str
    needs: Role
    confirm: Literal["none", "undo", "sheet"]
    words: str


RETRY_FAILED: Final = Act(
    "retry_failed", "Retry failed", "rotate-ccw", "Shift+R", "operator", "undo",
    "Puts the failed directories of a job back on its work list and queues the job.",
)  # fmt: skip
REPLAY: Final = Act(
    "replay", "Replay", "play", "Shift+P", "operator", "undo",
    "Sends a dead letter to the main queue again, verifies it, and takes it out of the dead letters.",
)  # fmt: skip
REPLAY_MANY: Final = Act(
    "replay_many", "Replay", "play", "", "operator", "sheet",
    "Sends many dead letters again, a few first, and waits for what their jobs come to.",
)  # fmt: skip
EDIT: Final = Act(
    "edit_letter", "Edit", "pencil", "Shift+E", "operator", "sheet",
    "Sends a dead letter again with another body, and keeps the original in the archive.",
)  # fmt: skip
ARCHIVE: Final = Act(
    "archive", "Archive", "archive", "", "operator", "sheet",
    "Keeps dead letters on this computer and takes them out of the queue.",
)  # fmt: skip
PUT_BACK: Final = Act(
    "put_back", "Put back", "rotate-ccw", "", "operator", "sheet",
    "Sends archived letters to the dead letter queue again.",
)  # fmt: skip
DECIDE: Final = Act(
    "decide", "Decide", "hand", "", "operator", "sheet",
    "Says what became of a send whose end nobody knows.",
)  # fmt: skip
CONFIRM_TARGET: Final = Act(
    "confirm_target", "Confirm", "check", "", "admin", "sheet",
    "Says that the dead letters come from the main queue, where that doesn't say so itself.",
)  # fmt: skip
SCAN: Final = Act("scan", "Scan", "refresh-cw", "", "viewer", "none", "Looks at the dead letter queue again.")
CHECK: Final = Act(
    "check", "Check again", "refresh-cw", "", "viewer", "none", "Asks each hop and the project again what is missing."
)
EXPORT: Final = Act(
    "export", "Export", "download", "", "viewer", "none", "Writes what is listed to a file, as CSV or JSON."
)
DRY_RUN: Final = Act(
    "dry_run", "Run", "play", "Ctrl+Return", "viewer", "none",
    "Fills the form in a browser on this computer; nothing is sent.",
)  # fmt: skip
REAL_RUN: Final = Act(
    "real_run", "Real run", "play", "", "operator", "sheet",
    "Submits the directory from this computer and writes the outcome.",
)  # fmt: skip
RUN_FAILED: Final = Act(
    "run_failed", "Run failed here", "square-play", "Shift+H", "operator", "sheet",
    "Submits the failed directories of a job from this computer, two at a time.",
)  # fmt: skip
STOP_RUN: Final = Act("stop_run", "Stop", "square", "", "viewer", "none", "Ends the browser of this run.")
PAUSE_RUN: Final = Act("pause_run", "Pause", "pause", "F8", "viewer", "none", "Holds the run before its next step.")
GO_ON: Final = Act("go_on", "Go on", "play", "F8", "viewer", "none", "Lets a held run go on.")
ONE_STEP: Final = Act(
    "one_step", "One step", "step-forward", "F10", "viewer", "none", "Carries out one step, then holds again."
)
RUN_TO: Final = Act(
    "run_to", "Run to here", "chevron-right", "F9", "viewer", "none", "Goes on, and holds before the chosen step."
)
TAKE_OVER: Final = Act(
    "take_over", "Take over", "mouse-pointer-click", "Shift+T", "viewer", "none",
    "Click and type in the picture of a held run; the run then goes on from there.",
)  # fmt: skip
MORE_TIME: Final = Act(
    "more_time", "Give me 5 more minutes", "hand", "", "viewer", "none", "Lets the run wait for a person for longer."
)
STAY: Final = Act("stay", "Wait", "pause", "", "viewer", "none", "Keeps a held run from going on by itself.")
PICK_FIELD: Final = Act(
    "pick_field", "Pick in the picture", "mouse-pointer-click", "", "viewer", "none",
    "Click what the step acts on in the picture: a selector is found that finds it alone.",
)  # fmt: skip
SKIP_STEP: Final = Act(
    "skip_step", "Skip this step", "chevron-down", "", "viewer", "none",
    "Leaves out the step that failed, and goes on with the next one.",
)  # fmt: skip
EDIT_STEP: Final = Act(
    "edit_step", "Edit step", "pencil", "F2", "viewer", "none",
    "Changes where a step of this run acts, or what goes in; the plan of other runs stays as it is.",
)  # fmt: skip

FETCH_BROWSER: Final = Act(
    "fetch_browser", "Fetch a browser", "download", "", "viewer", "none",
    "Downloads Playwright's own browser for runs on this computer.",
)  # fmt: skip

REQUEUE: Final = Act(
    "requeue", "Queue again", "refresh-cw", "", "operator", "sheet",
    "Queues a job whose message or worker was lost.",
)  # fmt: skip
PAUSE_JOB: Final = Act(
    "pause", "Pause", "pause", "", "operator", "undo", "The worker stops before the job's next directory."
)  # fmt: skip
RESUME_JOB: Final = Act("resume", "Resume", "play", "", "operator", "sheet", "Queues a paused job again.")
CANCEL_JOB: Final = Act(
    "cancel", "Cancel", "x", "", "operator", "sheet",
    "Ends a job for good; directories that are submitted stay submitted.",
)  # fmt: skip
DECLARE: Final = Act(
    "declare", "Declare", "hand", "", "operator", "sheet",
    "Says how a submission ended whose outcome nobody knows.",
)  # fmt: skip

REVIEW: Final = Act(
    "review", "Review", "check", "", "operator", "undo",
    "Says that a doubtful verdict stands, or how the submission really ended.",
)  # fmt: skip

ACCEPT_FORM: Final = Act(
    "accept_form", "Accept the new form", "check", "", "operator", "sheet",
    "Gives a directory the mapping that fits its form as it is now; later plans are made from it.",
)  # fmt: skip

PAUSE_DIRECTORY: Final = Act(
    "pause_directory", "Pause directory", "pause", "", "operator", "sheet",
    "Keeps a directory out of new work lists; lists that exist stay as they are.",
)  # fmt: skip
RESUME_DIRECTORY: Final = Act(
    "resume_directory", "Resume directory", "play", "", "operator", "sheet",
    "Lets a paused directory into new work lists again.",
)  # fmt: skip
ACKNOWLEDGE: Final = Act(
    "acknowledge", "Acknowledge", "check", "Shift+A", "operator", "undo",
    "Notes for everybody that somebody has seen to it: it needs nobody until something new happens to it.",
)  # fmt: skip
ALLOW_CAPTCHAS: Final = Act(
    "allow_captchas", "Allow", "check", "", "admin", "sheet",
    "Lets runs and workers that have a key have captchas solved by 2Captcha, which costs money.",
)  # fmt: skip
FORBID_CAPTCHAS: Final = Act(
    "forbid_captchas", "Forbid", "x", "", "admin", "sheet", "No run asks 2Captcha any more, whoever has a key."
)
CAPTCHA_KEY: Final = Act(
    "captcha_key", "Set key", "pencil", "", "operator", "sheet", "Keeps the key of the 2Captcha account in the keyring."
)
ASK_SOLVER: Final = Act(
    "ask_solver", "Ask 2Captcha", "send", "", "operator", "sheet",
    "Has the captcha solved by 2Captcha, which costs money. It takes up to two minutes.",
)  # fmt: skip

BY_DATABASE: Final = (
    RETRY_FAILED, REQUEUE, PAUSE_JOB, RESUME_JOB, CANCEL_JOB, DECLARE, REVIEW, ACCEPT_FORM, PAUSE_DIRECTORY,
    RESUME_DIRECTORY, ACKNOWLEDGE, ALLOW_CAPTCHAS, FORBID_CAPTCHAS,
)  # fmt: skip
"""Acts that the database carries out and audits; their names are those of its audit."""
ACTS: Final = (
    *BY_DATABASE, REPLAY, REPLAY_MANY, EDIT, ARCHIVE, PUT_BACK, DECIDE, CONFIRM_TARGET, SCAN, CHECK, EXPORT,
    DRY_RUN, REAL_RUN, RUN_FAILED, STOP_RUN, PAUSE_RUN, GO_ON, ONE_STEP, RUN_TO, SKIP_STEP, EDIT_STEP,
    TAKE_OVER, MORE_TIME, STAY, ASK_SOLVER, CAPTCHA_KEY, PICK_FIELD, FETCH_BROWSER,
)  # fmt: skip


def why_not(act: Act, role: str | None) -> str:
    """Why this person may not do it, as a sentence; "" when they may. The database decides again."""
    if role == NOT_YET:
        return "Not before the project has answered: this is what was last known."
    if role == READ_ONLY:
        return "This console was started with --read-only: every act is off."
    if role == LOCKED:
        return "The window is locked."
    if role is None:
        return "Sign in first."
    if _RANK.get(role, -1) < _RANK[act.needs]:
        return f"Needs the role {act.needs}; you are {role}."
    return ""
