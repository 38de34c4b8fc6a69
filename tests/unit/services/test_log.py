"""Logs are one JSON object a line, and no secret gets into one."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from services.domain import redaction
from services.domain.redaction import keep_out, redact
from services.log import JsonLines, log_to_stderr

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJlLW9mLWl0"
PLANTED = {
    "a token": f"401 for {JWT}",
    "a bearer": "Authorization: Bearer tOkEn-of-brain",
    "a header": "{'authorization': 'Basic dXNlcjpzM2NyM3Q='}",
    "a publishable key": "apikey sb_publishable_abcdefghij",
    "a service key": "apikey: sb_secret_abcdefghij",
    "an AWS key id": "InvalidClientTokenId AKIAIOSFODNN7EXAMPLE",
    "a session key id": "ExpiredToken ASIAIOSFODNN7EXAMPLE",
    "a database address": "no route to postgresql://postgres:hunter2-hunter2@10.0.0.1:5432/directorybolt",
    "an address with an at sign": "postgresql://postgres:hunter2@hunter2@db.example/x",
    "a query": "GET /realtime/v1?apikey=topsecretkey&vsn=1.0.0",
    "a field": 'sent {"email": "a@b.example", "password": "hunter2-hunter2"}',
    "a setting": "STAFF_PASSWORD=hunter2-hunter2",
    "a signature": "Credential=AKID/20261123/us-east-2, Signature=abcdef0123456789",
}
BITS = (
    "eyJhbGci", "tOkEn-of", "dXNlcjpz", "sb_publishable", "sb_secret", "AKIA", "ASIA", "hunter2", "topsecret",
    "abcdef0123", "AKID",
)  # fmt: skip


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    redaction._known.clear()
    redaction._learn()
    yield
    redaction._known.clear()
    redaction._learn()


def line_of(message: str, *args: object, **extra: Any) -> dict[str, Any]:
    record = logging.getLogger("test").makeRecord("test", logging.INFO, "f", 1, message, args, None, extra=extra)
    text = JsonLines("worker").format(record)
    assert "\n" not in text
    made: dict[str, Any] = json.loads(text)
    return made


@pytest.mark.parametrize("name", PLANTED)
def test_planted_secrets_are_taken_out_wherever_they_stand(name: str) -> None:
    secret = PLANTED[name]
    everywhere = line_of(
        "failed: %s", secret, reason=secret, deep={"list": [secret, (secret,)]}, error_of=OSError(secret)
    )
    shown = json.dumps(everywhere)
    assert "[redacted]" in shown
    assert not [bit for bit in BITS if bit in shown]


@pytest.mark.parametrize("name", ["password", "STAFF_PASSWORD", "aws_secret_access_key", "Authorization", "api_key"])
def test_a_field_with_a_secret_name_is_taken_out(name: str) -> None:
    assert line_of("sign-in", **{name: "plain words"})[name] == "[redacted]"
    assert line_of("sign-in", headers={name: ["plain words"]})["headers"] == {name: ["[redacted]"]}


def test_a_traceback_is_redacted_too() -> None:
    try:
        raise ConnectionError(f"refused with {JWT}")
    except ConnectionError:
        record = logging.getLogger("test").makeRecord("test", logging.ERROR, "f", 1, "no", (), sys.exc_info())
    line = json.loads(JsonLines("worker").format(record))
    assert "ConnectionError: refused with [redacted]" in line["error"]


def test_what_the_settings_hold_secret_is_taken_out_by_value() -> None:
    keep_out("correct horse battery", "postgresql://postgres:p%40ss-w0rd@db.example/x", "", "abc")
    line = line_of("got %s", "correct horse battery", a="wrong p%40ss-w0rd", b="and p@ss-w0rd", c="abc stays")
    assert line["message"] == "got [redacted]"
    assert (line["a"], line["b"], line["c"]) == ("wrong [redacted]", "and [redacted]", "abc stays")


def test_a_secret_that_begins_another_leaves_no_rest() -> None:
    keep_out("shared-part", "shared-part-and-more")
    assert redact("got shared-part-and-more") == "got [redacted]"


def test_ordinary_words_stay() -> None:
    line = line_of(
        "Inserted new result for %s", "mapnook.localhost", job_id="j1", ms=12, ok=True, host=None,
        url="http://127.0.0.1:55555/add?name=a%20b", mail="desk-1@directory-bolt.example",
    )  # fmt: skip
    assert line["message"] == "Inserted new result for mapnook.localhost"
    assert (line["role"], line["level"], line["job_id"], line["ms"], line["ok"], line["host"]) == (
        "worker", "info", "j1", 12, True, None,
    )  # fmt: skip
    assert line["url"] == "http://127.0.0.1:55555/add?name=a%20b"
    assert line["mail"] == "desk-1@directory-bolt.example"
    assert line["time"].endswith("+00:00")


def test_an_extra_field_cannot_pose_as_the_line() -> None:
    line = line_of("true", role="brain", level="critical", time="never")
    assert (line["role"], line["level"], line["message"]) == ("worker", "info", "true")
    assert line["time"] != "never"


def test_a_line_cannot_steer_a_terminal_or_turn_around() -> None:
    record = logging.getLogger("test").makeRecord(
        "test", logging.INFO, "f", 1, "\x1b[31m \x9b31m \u202egnp.exe\nfake line", (), None
    )
    text = JsonLines("worker").format(record)
    assert all(one >= " " and one not in "\x7f\x9b\u202e" for one in text)
    assert json.loads(text)["message"] == "\x1b[31m \x9b31m \u202egnp.exe\nfake line"


def test_deep_and_odd_values_end() -> None:
    deep: dict[str, Any] = {}
    inner = deep
    for _ in range(100):
        inner["in"] = {}
        inner = inner["in"]
    assert "…" in json.dumps(line_of("deep", value=deep), ensure_ascii=False)
    assert line_of("odd", value={1: {"x"}})["value"] == {"1": ["x"]}


def test_one_handler_writes_to_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    chatty = logging.getLogger("httpx")
    chatty_level = chatty.level
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    try:
        log_to_stderr("brain", "info")
        log_to_stderr("brain", "info")
        logging.getLogger("anything").info("once")
        logging.getLogger("anything").debug("never")
        chatty.info("GET https://project.example/rest/v1/jobs")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        chatty.setLevel(chatty_level)
    assert [json.loads(line)["message"] for line in shown.getvalue().splitlines()] == ["once"]


def test_text_without_secrets_costs_little_and_stays() -> None:
    text = "a:b@c " * 10_000
    assert redact(text) == text
