"""What one install of the local stack keeps between starts: its ports and its secrets."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

import msgspec

from services.domain.people import LOCAL_PEOPLE
from services.local.ports import choose_ports

STAFF_EMAIL = next(person.email for person in LOCAL_PEOPLE if person.role == "operator")
"""Who a console signs in as when nobody says otherwise."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Ports(msgspec.Struct):
    """Ports on 127.0.0.1; 0 means "not chosen yet"."""

    postgres: Port = 0
    gateway: Port = 0
    queue: Port = 0
    practice: Port = 0
    brain: Port = 0


class Given(msgspec.Struct, frozen=True):
    """What the command line asked for; what it left out is empty. `ports` by the names of Ports."""

    ports: dict[str, int] = msgspec.field(default_factory=dict)
    publishable_key: str = ""
    service_role_key: str = ""
    jwt_secret: str = ""
    staff_password: str = ""


def _secret() -> str:
    return secrets.token_urlsafe(24)


class Install(msgspec.Struct):
    """Ports and secrets, made once per data folder. No default is shared between two machines."""

    id: str = msgspec.field(default_factory=lambda: secrets.token_hex(6))
    ports: Ports = msgspec.field(default_factory=Ports)
    jwt_secret: str = msgspec.field(default_factory=_secret)
    publishable_key: str = msgspec.field(default_factory=lambda: "sb_publishable_" + _secret())
    service_role_key: str = msgspec.field(default_factory=lambda: "sb_secret_" + _secret())
    postgres_password: str = msgspec.field(default_factory=_secret)
    staff_password: str = msgspec.field(default_factory=_secret)
    aws_access_key_id: str = msgspec.field(default_factory=lambda: "LOCAL" + secrets.token_hex(8).upper())
    aws_secret_access_key: str = msgspec.field(default_factory=_secret)
    brain_token: str = msgspec.field(default_factory=_secret)

    @property
    def secret_values(self) -> tuple[str, ...]:
        """What nothing may show."""
        return (
            self.jwt_secret,
            self.service_role_key,
            self.postgres_password,
            self.staff_password,
            self.aws_secret_access_key,
            self.brain_token,
        )

    @property
    def queue_origin(self) -> str:
        return f"http://127.0.0.1:{self.ports.queue}"

    @property
    def practice_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.practice}"

    def console_environment(self, data_dir: Path) -> dict[str, str]:
        """Settings of a console that uses this stack: what a desktop may have, no service key."""
        return {
            "ENVIRONMENT": "local",
            "DIRECTORY_BOLT_HOME": str(data_dir),
            "SUPABASE_URL": f"http://127.0.0.1:{self.ports.gateway}",
            "SUPABASE_ANON_KEY": self.publishable_key,
            "STAFF_EMAIL": STAFF_EMAIL,
            "STAFF_PASSWORD": self.staff_password,
            **self.queue_environment(),
            "CREWAI_URL": f"http://127.0.0.1:{self.ports.brain}",
            "BACKEND_ENQUEUE_TOKEN": self.brain_token,
            "PRACTICE_URL": self.practice_url,
        }

    def queue_environment(self) -> dict[str, str]:
        """Settings for whoever sends to or receives from the queues."""
        account = f"{self.queue_origin}/000000000000"
        return {
            "SQS_QUEUE_URL": f"{account}/DirectoryBolt",
            "SQS_DLQ_URL": f"{account}/DirectoryBolt-dlq",
            "AWS_ENDPOINT_URL_SQS": self.queue_origin,
            "AWS_DEFAULT_ACCESS_KEY_ID": self.aws_access_key_id,
            "AWS_DEFAULT_SECRET_ACCESS_KEY": self.aws_secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-2",
        }


def load_install(folder: Path, given: Given = Given()) -> Install:  # noqa: B008  frozen
    """The install of `folder` with ports that are free now; made on first use, file mode 0600.

    What is `given` takes the place of what was kept, and is kept itself. Other ports stay the same from start to
    start unless somebody else took them meanwhile.
    Raises ValueError that names the file when it can't be read, PortTaken for a given port that isn't free,
    OSError when the file can't be written.
    """
    file = folder / "stack.json"
    install = Install()
    if file.exists():
        try:
            install = msgspec.json.decode(file.read_bytes(), type=Install)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{file} can't be read: {error}") from error
    for name in Given.__struct_fields__:
        if name != "ports" and getattr(given, name):
            setattr(install, name, getattr(given, name))
    kept = {name: getattr(install.ports, name) for name in Ports.__struct_fields__}
    install.ports = Ports(**choose_ports(kept, given.ports))
    save_private(file, install)
    return install


def save_private(file: Path, content: Any) -> None:
    """Write `content` as JSON whole or not at all, readable by its owner only; a file that has it already stays."""
    encoded = msgspec.json.format(msgspec.json.encode(content), indent=1)
    if file.is_file() and file.read_bytes() == encoded:
        # A start must not fail for a full disk when there is nothing new to write.
        file.chmod(0o600)
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(encoded)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    except OSError as error:
        # A failed write doesn't say by itself where.
        raise OSError(error.errno, error.strerror or str(error), str(file)) from error


def save_endpoints_config(
    install: Install, folder: Path, served: Collection[str], *, database_url: str, authenticator_url: str
) -> Path:
    """Write what the endpoints process is told; returns the file (mode 0600).

    `served`: which of gateway, queue and practice it serves; the ports of the others are null.
    """
    file = folder / "endpoints.json"
    ports = {
        f"{name}_port": getattr(install.ports, name) if name in served else None
        for name in ("gateway", "queue", "practice")
    }
    config = {
        "database_url": database_url,
        "authenticator_url": authenticator_url,
        **ports,
        "jwt_secret": install.jwt_secret,
        "publishable_key": install.publishable_key,
        "service_role_key": install.service_role_key,
        "practice_log": str(folder / "practice" / "requests.jsonl"),
    }
    save_private(file, config)
    return file
