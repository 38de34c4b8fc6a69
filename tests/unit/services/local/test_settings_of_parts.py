"""No part is told more than it needs."""

from __future__ import annotations

from pathlib import Path

from services.local.install import Install
from services.local.options import PARTS
from services.local.settings_of_parts import console_settings, part_settings, without_secrets

INSTALL = Install()
HOME = Path("/data")


def told(name: str, *only: str) -> str:
    return " ".join(part_settings(name, INSTALL, HOME, "postgresql://x", only or PARTS).values())


def test_each_part_gets_its_own_secrets_and_nobody_elses() -> None:
    queue = (INSTALL.aws_secret_access_key, INSTALL.aws_access_key_id)
    needs = {
        "endpoints": (),
        "brain": (*queue, INSTALL.brain_token, "postgresql://x"),
        "intake": (*queue, "postgresql://x"),
        "subscriber": (*queue, "postgresql://x"),
        "worker": ("postgresql://x", INSTALL.service_role_key),
        "monitor": (*queue, "postgresql://x"),
    }
    everything = {*INSTALL.secret_values, INSTALL.aws_access_key_id, INSTALL.publishable_key, "postgresql://x"}
    for name, needed in needs.items():
        for secret in everything:
            assert (secret in told(name)) == (secret in needed), f"{name}: {secret}"


def test_brain_knows_no_queue_where_there_is_none() -> None:
    assert INSTALL.aws_secret_access_key not in told("brain", "postgres", "brain")


def test_a_worker_puts_pictures_only_where_there_is_a_gateway() -> None:
    assert INSTALL.service_role_key not in told("worker", "postgres", "brain", "worker")


def test_a_console_is_told_what_runs() -> None:
    full = console_settings(INSTALL, HOME, PARTS)
    assert full == INSTALL.console_environment(HOME)
    alone = console_settings(INSTALL, HOME, ["postgres", "gateway"])
    assert set(alone) == {
        "ENVIRONMENT", "DIRECTORY_BOLT_HOME", "SUPABASE_URL", "SUPABASE_ANON_KEY", "STAFF_EMAIL", "STAFF_PASSWORD",
    }  # fmt: skip
    shown = without_secrets(full)
    assert set(full) - set(shown) == {"STAFF_PASSWORD", "AWS_DEFAULT_SECRET_ACCESS_KEY", "BACKEND_ENQUEUE_TOKEN"}
