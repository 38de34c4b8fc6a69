"""What each part of the stack is told by its environment: the settings that it needs and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from services.local.install import Install
from services.settings import described

# Shortened for one machine with practice directories; the defaults of services.settings are production's.
_PACE: Final[dict[str, dict[str, str]]] = {
    "intake": {"RELAY_POLL_SECONDS": "0.2"},
    "subscriber": {"SQS_WAIT_TIME_SECONDS": "5", "SQS_VISIBILITY_TIMEOUT": "20", "SQS_BREAKER_PROBE_SECONDS": "5"},
    "worker": {
        "HEARTBEAT_SECONDS": "5",
        "FLOW_LEASE_SECONDS": "20",
        "GOTO_TIMEOUT_SECONDS": "15",
        "STEP_TIMEOUT_SECONDS": "5",
        "TASK_TIMEOUT_SECONDS": "60",
        "TASK_RETRIES": "1",
        "RETRY_BASE_SECONDS": "1",
        "WORKER_POLL_SECONDS": "0.2",
        "WORKER_FLOWS": "2",
    },
    "monitor": {"CHECK_INTERVAL_SECONDS": "20", "DLQ_CHECK_INTERVAL_SECONDS": "20"},
}
_NEEDED_FOR: Final = {
    "SUPABASE": "gateway",
    "STAFF": "gateway",
    "SQS": "queue",
    "AWS": "queue",
    "CREWAI": "brain",
    "BACKEND": "brain",
    "PRACTICE": "practice",
}


def part_settings(
    name: str, install: Install, data_dir: Path, database_url: str, only: Collection[str]
) -> dict[str, str]:
    """Settings of the role `name` beside the parts in `only`. The endpoints have a file instead."""
    common = {"ENVIRONMENT": "local", "DIRECTORY_BOLT_HOME": str(data_dir), "PYTHONUNBUFFERED": "1"}
    common |= _PACE.get(name, {})
    match name:
        case "brain":
            queue = install.queue_environment() if "queue" in only else {}
            own = {"BACKEND_ENQUEUE_TOKEN": install.brain_token, "PORT": str(install.ports.brain)}
            return {**common, **queue, **own, "DATABASE_URL": database_url}
        case "intake" | "subscriber" | "monitor":
            return {**common, **install.queue_environment(), "DATABASE_URL": database_url}
        case "worker":
            own = {"CREWAI_URL": f"http://127.0.0.1:{install.ports.brain}", "PRACTICE_URL": install.practice_url}
            storage = {
                "SUPABASE_URL": f"http://127.0.0.1:{install.ports.gateway}",
                "SUPABASE_SERVICE_ROLE_KEY": install.service_role_key,
            }
            own |= storage if "gateway" in only else {}
            return {**common, **own, "DATABASE_URL": database_url}
        case _:
            return common


def console_settings(install: Install, data_dir: Path, only: Collection[str]) -> dict[str, str]:
    """Settings of a console, as far as the parts in `only` make sense of them."""
    everything = install.console_environment(data_dir)
    return {key: value for key, value in everything.items() if _NEEDED_FOR.get(key.split("_", 1)[0], "") in ("", *only)}


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The settings that anybody may read."""
    secret = {name for field in described() if field.metadata["secret"] for name in field.metadata["names"]}
    return {key: value for key, value in environment.items() if key not in secret}
