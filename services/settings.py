"""Every setting of the program; the only reader of the environment."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from services.domain.errors import SettingProblem
from services.domain.setting_lines import SettingLine
from services.domain.text import slug

# Access key ids too: one without its secret would only mislead the AWS SDK.
_SECRET_NAME: Final = re.compile(r"SECRET|PASSWORD|TOKEN|(?:API|ACCESS|PRIVATE)_?KEY|CREDENTIAL", re.IGNORECASE)


class SettingsError(ValueError):
    """One or more settings can't be used; `problems` maps each name to a sentence."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {why}" for name, why in problems.items()))
        self.problems = dict(problems)


def _setting(
    default: Any, *names: str, why: str, secret: bool = False, least: float | None = None, kind: type | None = None
) -> Any:
    return dataclasses.field(
        default=default,
        metadata={"names": names, "why": why, "secret": secret, "least": least, "kind": kind or type(default)},
        repr=not secret,
    )


def _data_dir() -> str:
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return str(Path(base) if base else Path.home() / ".local" / "share") + "/directory-bolt"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, typed. Times are in seconds unless the name says otherwise."""

    environment: str = _setting(
        "", "ENVIRONMENT", why="local, staging or production; anything else counts as production"
    )
    data_dir: str = _setting("", "DIRECTORY_BOLT_HOME", why="folder for journals, pictures and the local stack")
    artifacts_mb: int = _setting(
        2000, "ARTIFACTS_MAX_MB", why="megabytes of pictures, logs and traces of runs in it; the oldest run goes first",
        least=10,
    )  # fmt: skip
    supabase_url: str = _setting(
        "", "SUPABASE_URL", "NEXT_PUBLIC_SUPABASE_URL", why="the project's address; empty starts the local stack"
    )
    publishable_key: str = _setting(
        "", "SUPABASE_ANON_KEY", "NEXT_PUBLIC_SUPABASE_ANON_KEY", why="publishable (anon) key of the project"
    )
    service_role_key: str = _setting(
        "", "SUPABASE_SERVICE_ROLE_KEY", why="pipeline only, never on a desktop", secret=True
    )
    staff_email: str = _setting("", "STAFF_EMAIL", why="who signs in to the console")
    staff_password: str = _setting("", "STAFF_PASSWORD", why="password of that person", secret=True)
    database_url: str = _setting("", "DATABASE_URL", why="PostgreSQL address for the pipeline", secret=True)
    queue_url: str = _setting("", "SQS_QUEUE_URL", why="the main queue")
    dlq_url: str = _setting("", "SQS_DLQ_URL", why="the dead letter queue")
    replay_unrecorded: bool = _setting(
        False, "REPLAY_UNRECORDED", why="replay also where the project has no central record of it, and no lease"
    )
    aws_access_key_id: str = _setting(
        "", "AWS_DEFAULT_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID", why="empty uses the standard AWS chain (profiles, SSO)"
    )
    aws_secret_access_key: str = _setting(
        "", "AWS_DEFAULT_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY", why="goes with the key id", secret=True
    )
    aws_region: str = _setting(
        "", "AWS_DEFAULT_REGION", "AWS_REGION", why="else from the queue address, else us-east-2"
    )
    sqs_endpoint: str = _setting("", "AWS_ENDPOINT_URL_SQS", why="else from the queue address when it isn't Amazon's")
    brain_url: str = _setting("", "CREWAI_URL", why="Brain's address, with or without scheme and /plan")
    brain_token: str = _setting(
        "", "BACKEND_ENQUEUE_TOKEN", "STAFF_API_KEY", why="token of Brain's enqueue call", secret=True
    )
    port: int = _setting(10000, "PORT", why="port that Brain listens on", least=0)
    headless: bool = _setting(True, "PLAYWRIGHT_HEADLESS", why="worker's browser without a window")
    browser_path: str = _setting("", "BROWSER_PATH", why="a Chrome, Edge or Chromium to use; empty looks for one")
    practice_url: str = _setting(
        "", "PRACTICE_URL", why="the local practice directories, the only thing on this machine that a run may reach"
    )
    worker_flows: int = _setting(1, "WORKER_FLOWS", why="jobs that one worker runs at a time", least=1)
    sqs_max_messages: int = _setting(5, "SQS_MAX_MESSAGES", why="messages per receive", least=1)
    sqs_wait_seconds: int = _setting(20, "SQS_WAIT_TIME_SECONDS", why="long poll of the subscriber", least=0)
    sqs_visibility_seconds: int = _setting(
        600, "SQS_VISIBILITY_TIMEOUT", why="how long a taken message is hidden", least=0
    )
    sqs_max_consecutive_errors: int = _setting(
        10, "SQS_MAX_CONSECUTIVE_ERRORS", why="errors in a row that stop the subscriber", least=1
    )
    breaker_probe_seconds: float = _setting(
        60.0, "SQS_BREAKER_PROBE_SECONDS", why="first probe after the subscriber stopped; doubles to 10 min", least=0
    )
    relay_poll_seconds: float = _setting(
        1.0, "RELAY_POLL_SECONDS", why="how often the relay looks for messages to send", least=0.05
    )
    worker_poll_seconds: float = _setting(
        1.0, "WORKER_POLL_SECONDS", why="how often a worker looks for flow runs", least=0.05
    )
    heartbeat_seconds: float = _setting(20.0, "HEARTBEAT_SECONDS", why="sign of life of a worker", least=0.1)
    flow_lease_seconds: float = _setting(
        120.0, "FLOW_LEASE_SECONDS", why="a flow run silent for so long is taken by another worker", least=1
    )
    flow_lapse_limit: int = _setting(
        3, "FLOW_LAPSE_LIMIT", why="a flow run that lost its worker so often is ended as failed", least=1
    )
    goto_seconds: float = _setting(30.0, "GOTO_TIMEOUT_SECONDS", why="limit for opening a page", least=0.1)
    step_seconds: float = _setting(10.0, "STEP_TIMEOUT_SECONDS", why="limit for fill, click and select", least=0.1)
    task_seconds: float = _setting(480.0, "TASK_TIMEOUT_SECONDS", why="limit for one directory, one attempt", least=1)
    task_retries: int = _setting(
        3, "TASK_RETRIES", why="repeats of a directory that failed before its submit step", least=0
    )
    retry_base_seconds: float = _setting(
        30.0, "RETRY_BASE_SECONDS", why="first pause before a repeat; doubles, with jitter", least=0
    )
    stale_minutes: float = _setting(
        10.0, "STALE_THRESHOLD_MINUTES", why="a job silent for so long is stuck", least=0.01
    )
    check_seconds: float = _setting(
        120.0, "CHECK_INTERVAL_SECONDS", why="how often the monitor looks for stuck jobs", least=0.05
    )
    stale_requeue_limit: int = _setting(
        3, "STALE_REQUEUE_LIMIT", why="how often the monitor queues one job again; then it is left to people", least=0
    )
    dlq_check_seconds: float = _setting(
        300.0, "DLQ_CHECK_INTERVAL_SECONDS", why="how often the monitor counts the dead letters", least=0.05
    )
    dlq_alert_threshold: int = _setting(
        1, "DLQ_ALERT_THRESHOLD", why="so many dead letters are worth an alert", least=1
    )
    two_captcha_key: str = _setting(
        "", "TWO_CAPTCHA_API_KEY", why="2Captcha account that solves captchas of runs, where an admin allows it",
        secret=True,
    )  # fmt: skip
    slack_webhook_url: str = _setting(
        "", "SLACK_WEBHOOK_URL", why="where alerts go; empty leaves them in the log", secret=True
    )
    idle_lock_minutes: float | None = _setting(
        None, "IDLE_LOCK_MINUTES", least=0, kind=float,
        why="minutes without input after which the console locks, 0 for never; empty: as chosen there, at first 15",
    )  # fmt: skip
    log_level: str = _setting("INFO", "LOG_LEVEL", why="DEBUG, INFO, WARNING or ERROR")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that nothing may show."""
        values = (getattr(self, field.name) for field in described() if field.metadata["secret"])
        return tuple(value for value in values if value)

    @property
    def data_path(self) -> Path:
        """The data folder; not yet made."""
        return Path(self.data_dir)

    @property
    def console_path(self) -> Path:
        """The console's own records of this project, its acts and its replays: no two projects share them."""
        whole = self.data_path / "console"
        # Only the local stack of the folder names practice sites, and its address is another one after each install.
        is_stack = not self.supabase_url or (self.where == "local" and self.practice_url)
        return whole if is_stack else whole / "projects" / slug(self.supabase_url.rstrip("/").lower())

    @property
    def where(self) -> str:
        """What the screen warns of: local, staging or production. Local is believed only of this machine."""
        named = self.environment.strip().lower()
        on_this_machine = urlsplit(self.supabase_url).hostname in ("127.0.0.1", "localhost", "::1")
        if not self.supabase_url or (on_this_machine and named == "local"):
            return "local"
        return "staging" if named == "staging" else "production"

    @property
    def brain_base(self) -> str:
        """Brain's address without a trailing slash or /plan; https where no scheme is given off loopback."""
        url = self.brain_url.strip().rstrip("/")
        url = url.removesuffix("/plan").rstrip("/")
        if url and "://" not in url:
            host = url.split("/", 1)[0].rsplit(":", 1)[0]
            url = f"{'http' if host in ('127.0.0.1', 'localhost') else 'https'}://{url}"
        return url

    @property
    def sqs_region(self) -> str:
        """Region: from an amazonaws.com queue address, else the setting, else us-east-2."""
        host = urlsplit(self.queue_url or self.dlq_url).hostname or ""
        parts = host.split(".")
        if host.endswith(".amazonaws.com") and len(parts) >= 4:
            return parts[1]
        return self.aws_region or "us-east-2"

    @property
    def sqs_endpoint_url(self) -> str | None:
        """Endpoint: the setting, else the queue address's origin when it isn't Amazon's, else None."""
        if self.sqs_endpoint:
            return self.sqs_endpoint
        parts = urlsplit(self.queue_url or self.dlq_url)
        if parts.hostname and not parts.hostname.endswith(".amazonaws.com"):
            return f"{parts.scheme}://{parts.netloc}"
        return None


def described() -> list[dataclasses.Field[Any]]:
    """The settings as data; each field's metadata has names, why and secret."""
    return list(dataclasses.fields(Settings))


def read_settings(env: Mapping[str, str] | None = None, *, dotenv: Path | None = None) -> Settings:
    """Settings from `env` (default: this process's environment) over the file `dotenv`.

    Raises SettingsError that names every setting that can't be used.
    """
    source: dict[str, str] = {}
    if dotenv is not None and dotenv.is_file():
        from dotenv import dotenv_values  # a start without the file comes sooner to its first picture

        source.update({key: value for key, value in dotenv_values(dotenv, interpolate=False).items() if value})
    source.update(os.environ if env is None else env)
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field in described():
        name, text = next(((n, source[n]) for n in field.metadata["names"] if source.get(n, "").strip()), ("", ""))
        if name:
            try:
                values[field.name] = _convert(text.strip(), field.metadata["kind"], field.metadata["least"])
            except ValueError as error:
                problems[name] = str(error)
    if problems:
        raise SettingsError(problems)
    values.setdefault("data_dir", _data_dir())
    return Settings(**values)


_WHERE: Final = {
    "supabase_url": "It stands in the Supabase dashboard under Project Settings, Data API, such as "
    "https://abcd.supabase.co.",
    "publishable_key": "It stands in the Supabase dashboard under Project Settings, API Keys: the publishable (anon) "
    "key, never a secret one.",
    "staff_email": "It is the address that an administrator invited you with.",
    "staff_password": "It is your own. An administrator can send you a link for a new one.",
    "environment": "Write local, staging or production.",
}


def missing(settings: Settings) -> dict[str, str]:
    """What a console needs of a hosted project and isn't set: names, each with a sentence."""
    needed = ("supabase_url", "publishable_key", "staff_email", "staff_password")
    names = {field.name: field.metadata["names"][0] for field in described()}
    return {names[key]: "It is not set." for key in needed if not getattr(settings, key)}


def shown(settings: Settings, stack: Mapping[str, str], typed: frozenset[str] = frozenset()) -> list[SettingLine]:
    """Every setting for the screen: set or not, where from; `stack` is what the local stack gave, by name.

    `typed`: fields that come from a sign-in.

    Nothing that opens a door is in it: no secret, no key, and of an address neither who signs in nor what is asked.
    """
    lines: list[SettingLine] = []
    for field in described():
        names = field.metadata["names"]
        of_stack = next((name for name in names if stack.get(name)), "")
        of_environment = next((name for name in names if os.environ.get(name, "").strip()), "")
        value = stack[of_stack] if of_stack else _text(getattr(settings, field.name))
        if of_stack:
            source = "local stack"
        elif field.name in typed:
            source, of_environment = "sign-in", ""
        elif of_environment:
            source = "environment"
        else:
            source = "default" if getattr(settings, field.name) == field.default else ".env file"
        if field.name == "data_dir" and source == ".env file" and value == _data_dir():
            source = "default"
        hidden = field.metadata["secret"] or any(_SECRET_NAME.search(name) or "KEY" in name for name in names)
        lines.append(
            SettingLine(
                of_stack or of_environment or names[0],
                source != "default",
                source,
                ("hidden" if value else "") if hidden else _harmless(value),
                field.metadata["why"],
            )
        )
    return lines


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _harmless(value: str) -> str:
    """An address without user, password, query and fragment; anything else as it is."""
    if "://" not in value:
        return value
    parts = urlsplit(value)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def explain(problems: Mapping[str, str], dotenv: Path) -> list[SettingProblem]:
    """A row for the screen for each setting of `problems` (name, what is wrong); `dotenv` is the file to write to."""
    found: list[SettingProblem] = []
    for name, wrong in problems.items():
        field = next((field for field in described() if name in field.metadata["names"]), None)
        if field is None:
            continue
        why, where = field.metadata["why"], _WHERE.get(field.name, "")
        others = [other for other in field.metadata["names"] if other != name]
        also = f" {others[0]} is read too." if others else ""
        how = f"Write a line {name}=... into {dotenv}, or set it in the environment.{also}"
        found.append(SettingProblem(name, wrong, f"{why[:1].upper()}{why[1:]}.", f"{where} {how}".strip()))
    return found


def has_display() -> bool:
    """Whether a window can be shown on this machine, as far as its environment says."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return os.environ["QT_QPA_PLATFORM"] not in ("offscreen", "minimal")
    return has_screen()


def has_screen() -> bool:
    """Whether another program, such as a browser, can open a window here, however ours are drawn."""
    return not sys.platform.startswith("linux") or any(os.environ.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))


def choose_offscreen() -> None:
    """Let Qt draw without a screen. Call before Qt is imported."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Environment for a child process: this one's without anything secret, ours or others', plus `extra`."""
    ours = {n for field in described() if field.metadata["secret"] for n in field.metadata["names"]}
    kept = {k: v for k, v in os.environ.items() if k not in ours and not _SECRET_NAME.search(k)}
    return {**kept, **extra}


@contextlib.contextmanager
def temporary_files_below(folder: Path) -> Iterator[None]:
    """What this process starts meanwhile has its temporary files there."""
    names = ("TMPDIR", "TEMP", "TMP")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(folder)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)


def env_example() -> str:
    """The text of `.env.example`: every setting with its default and one line of why."""
    lines = ["# Copy to .env and fill in what you need. Empty means the default.", ""]
    for field in described():
        names = field.metadata["names"]
        also = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
        secret = " Secret: keep it out of every repository." if field.metadata["secret"] else ""
        default = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if default is None else default
        lines += [f"# {field.metadata['why']}{also}.{secret}", f"{names[0]}={default}", ""]
    return "\n".join(lines)


def _convert(text: str, kind: type, least: float | None) -> Any:
    if kind is bool:
        folded = text.lower()
        if folded in ("1", "true", "yes", "on"):
            return True
        if folded in ("0", "false", "no", "off"):
            return False
        raise ValueError("must be true or false")
    if kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            raise ValueError("must be a whole number" if kind is int else "must be a number") from None
        if least is not None and not number >= least:
            raise ValueError(f"must be at least {least:g}")
        return number
    return text
