"""Settings: every name is read, every bad value is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.settings import (
    SettingsError,
    child_environment,
    described,
    env_example,
    explain,
    missing,
    read_settings,
    shown,
    temporary_files_below,
)

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_file_is_made_from_the_settings() -> None:
    assert (ROOT / ".env.example").read_text() == env_example()


def test_no_name_stands_for_two_settings() -> None:
    names = [name for field in described() for name in field.metadata["names"]]
    assert len(names) == len(set(names))


def test_the_defaults_are_productions() -> None:
    settings = read_settings({})
    assert (settings.sqs_max_messages, settings.sqs_wait_seconds, settings.sqs_visibility_seconds) == (5, 20, 600)
    assert (settings.sqs_max_consecutive_errors, settings.breaker_probe_seconds) == (10, 60)
    assert (settings.goto_seconds, settings.step_seconds, settings.task_seconds) == (30, 10, 480)
    assert (settings.task_retries, settings.retry_base_seconds, settings.heartbeat_seconds) == (3, 30, 20)
    assert (settings.stale_minutes, settings.check_seconds, settings.stale_requeue_limit) == (10, 120, 3)
    assert (settings.dlq_check_seconds, settings.dlq_alert_threshold, settings.slack_webhook_url) == (300, 1, "")
    assert settings.port == 10000


def test_alternative_names_are_read() -> None:
    settings = read_settings({"NEXT_PUBLIC_SUPABASE_URL": "https://x.example", "STAFF_API_KEY": "t"})
    assert (settings.supabase_url, settings.brain_token) == ("https://x.example", "t")


def test_every_bad_value_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"PORT": "ten", "PLAYWRIGHT_HEADLESS": "perhaps", "TASK_RETRIES": "-1"})
    assert caught.value.problems == {
        "PORT": "must be a whole number",
        "PLAYWRIGHT_HEADLESS": "must be true or false",
        "TASK_RETRIES": "must be at least 0",
    }


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("SUPABASE_URL=https://file.example\nSTAFF_EMAIL=a@b.example\n")
    settings = read_settings({"SUPABASE_URL": "https://env.example"}, dotenv=file)
    assert (settings.supabase_url, settings.staff_email) == ("https://env.example", "a@b.example")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://brain.example/plan", "https://brain.example"),
        ("brain.example", "https://brain.example"),
        ("127.0.0.1:9000/plan/", "http://127.0.0.1:9000"),
        ("", ""),
    ],
)
def test_brains_address_is_normalised(given: str, expected: str) -> None:
    assert read_settings({"CREWAI_URL": given}).brain_base == expected


def test_region_and_endpoint_follow_the_queue() -> None:
    amazon = read_settings({"SQS_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/Q", "AWS_REGION": "us-west-1"})
    assert (amazon.sqs_region, amazon.sqs_endpoint_url) == ("eu-west-1", None)
    local = read_settings({"SQS_QUEUE_URL": "http://127.0.0.1:9324/000000000000/Q"})
    assert (local.sqs_region, local.sqs_endpoint_url) == ("us-east-2", "http://127.0.0.1:9324")


def test_secrets_are_neither_shown_nor_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hush" not in repr(read_settings({"STAFF_PASSWORD": "hush", "SUPABASE_SERVICE_ROLE_KEY": "hush"}))
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "hush")
    child = child_environment({"A": "b"})
    assert "hush" not in child.values()
    assert child["A"] == "b"


@pytest.mark.parametrize(
    ("environment", "url", "where"),
    [
        ("production", "", "local"),
        ("", "https://x.example", "production"),
        ("local", "https://x.example", "production"),
        ("PRODUCTION", "https://x.example", "production"),
        ("live", "https://x.example", "production"),
        ("Staging", "https://x.example", "staging"),
        ("local", "http://127.0.0.1:54321", "local"),
    ],
)
def test_the_screen_never_calls_production_anything_else(environment: str, url: str, where: str) -> None:
    assert read_settings({"ENVIRONMENT": environment, "SUPABASE_URL": url}).where == where


def test_no_two_projects_share_the_records_of_a_console() -> None:
    home = {"DIRECTORY_BOLT_HOME": "/home/desk"}
    local = {**home, "ENVIRONMENT": "local"}
    stack = {**local, "SUPABASE_URL": "http://127.0.0.1:1", "PRACTICE_URL": "http://127.0.0.1:2"}
    places = [read_settings(env).console_path for env in (
        home, stack, {**local, "SUPABASE_URL": "http://127.0.0.1:54321"}, {**home, "SUPABASE_URL": "https://x.example"},
    )]  # fmt: skip
    assert places[0] == places[1]
    assert len(set(places)) == 3


def test_what_a_console_needs_is_missing_by_name() -> None:
    given = {"SUPABASE_URL": "https://x.example", "STAFF_EMAIL": "a@b.example"}
    assert list(missing(read_settings(given))) == ["SUPABASE_ANON_KEY", "STAFF_PASSWORD"]
    assert list(missing(read_settings({}))) == ["SUPABASE_URL", "SUPABASE_ANON_KEY", "STAFF_EMAIL", "STAFF_PASSWORD"]


def test_a_wrong_setting_is_explained_under_the_name_that_was_used() -> None:
    file = Path("/desk/.env")
    url, port = explain({"NEXT_PUBLIC_SUPABASE_URL": "No.", "PORT": "It must be a number.", "NOT_OURS": "?"}, file)
    assert (url.name, url.wrong) == ("NEXT_PUBLIC_SUPABASE_URL", "No.")
    assert url.why == "The project's address; empty starts the local stack."
    assert "dashboard" in url.how
    assert "NEXT_PUBLIC_SUPABASE_URL=... into /desk/.env" in url.how
    assert "SUPABASE_URL is read too." in url.how
    assert port.how == "Write a line PORT=... into /desk/.env, or set it in the environment."


def test_settings_are_shown_with_where_they_are_from_and_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_PASSWORD", "planted-secret")
    monkeypatch.setenv("CREWAI_URL", "https://me:planted-secret@brain.example/plan?token=planted-secret#planted-secret")
    own = read_settings({**os.environ, "LOG_LEVEL": "DEBUG"})
    lines = {
        line.name: line for line in shown(own, {"SUPABASE_ANON_KEY": "planted-secret", "SQS_QUEUE_URL": "http://q/1"})
    }
    assert len(lines) == len(described())
    assert "planted-secret" not in str(lines)
    assert (lines["STAFF_PASSWORD"].source, lines["STAFF_PASSWORD"].value) == ("environment", "hidden")
    assert lines["CREWAI_URL"].value == "https://brain.example/plan"
    assert (lines["SQS_QUEUE_URL"].source, lines["SQS_QUEUE_URL"].value) == ("local stack", "http://q/1")
    assert (lines["LOG_LEVEL"].source, lines["LOG_LEVEL"].is_set) == (".env file", True)
    signed_in = {line.name: line for line in shown(own, {}, frozenset({"staff_password"}))}
    assert (signed_in["STAFF_PASSWORD"].source, signed_in["STAFF_PASSWORD"].value) == ("sign-in", "hidden")
    assert (lines["SLACK_WEBHOOK_URL"].is_set, lines["DIRECTORY_BOLT_HOME"].source) == (False, "default")


def test_what_is_started_meanwhile_has_its_temporary_files_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/before")
    monkeypatch.delenv("TEMP", raising=False)
    with temporary_files_below(Path("/meanwhile")):
        assert {os.environ[name] for name in ("TMPDIR", "TEMP", "TMP")} == {"/meanwhile"}
    assert (os.environ["TMPDIR"], os.environ.get("TEMP")) == ("/before", None)
