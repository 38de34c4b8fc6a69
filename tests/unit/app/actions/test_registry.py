"""Who may do what, in words."""

from __future__ import annotations

from app.actions.registry import (
    ACTS,
    ALLOW_CAPTCHAS,
    CONFIRM_TARGET,
    DRY_RUN,
    FORBID_CAPTCHAS,
    GO_ON,
    PAUSE_RUN,
    READ_ONLY,
    RETRY_FAILED,
    why_not,
)


def test_admins_may_do_everything_and_operators_all_but_what_is_said_once_for_all() -> None:
    assert [why_not(act, "admin") for act in ACTS] == [""] * len(ACTS)
    assert [act for act in ACTS if why_not(act, "operator")] == [ALLOW_CAPTCHAS, FORBID_CAPTCHAS, CONFIRM_TARGET]


def test_a_viewer_may_look_and_run_dry_but_change_nothing() -> None:
    allowed = {act.name for act in ACTS if not why_not(act, "viewer")}
    assert allowed == {act.name for act in ACTS if act.needs == "viewer"}
    assert why_not(RETRY_FAILED, "viewer") == "Needs the role operator; you are viewer."


def test_nobody_signed_in_may_do_nothing() -> None:
    assert {why_not(act, None) for act in ACTS} == {"Sign in first."}


def test_a_console_to_look_at_has_every_act_off_and_says_why() -> None:
    assert {why_not(act, READ_ONLY) for act in ACTS} == {"This console was started with --read-only: every act is off."}


def test_a_role_that_nobody_knows_is_less_than_a_viewer() -> None:
    assert why_not(DRY_RUN, "customer") == "Needs the role viewer; you are customer."


def test_names_and_shortcuts_are_unique() -> None:
    assert len({act.name for act in ACTS}) == len(ACTS)
    # Going on is the other face of the button that holds a run: one key for both.
    keys = [act.key for act in ACTS if act.key and act is not GO_ON]
    assert GO_ON.key == PAUSE_RUN.key
    assert len(set(keys)) == len(keys)


def test_what_leaves_this_machine_is_never_done_at_a_single_press_without_a_way_back() -> None:
    assert all(act.confirm != "none" for act in ACTS if act.needs != "viewer")
