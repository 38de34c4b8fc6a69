"""What one install of the local stack keeps between starts: its ports and its secrets."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Annotated

import msgspec

from services.local.postgres import free_port

STAFF_EMAIL = "desk-1@directory-bolt.example"


Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Ports(msgspec.Struct):
    """Ports on 127.0.0.1; 0 means "not chosen yet"."""

    postgres: Port = 0
    gateway: Port = 0
    queue: Port = 0
    practice: Port = 0
    brain: Port = 0


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
        account = f"{self.queue_origin}/000000000000"
        return {
            "ENVIRONMENT": "local",
            "DIRECTORY_BOLT_HOME": str(data_dir),
            "SUPABASE_URL": f"http://127.0.0.1:{self.ports.gateway}",
            "SUPABASE_ANON_KEY": self.publishable_key,
            "STAFF_EMAIL": STAFF_EMAIL,
            "STAFF_PASSWORD": self.staff_password,
            "SQS_QUEUE_URL": f"{account}/DirectoryBolt",
            "SQS_DLQ_URL": f"{account}/DirectoryBolt-dlq",
            "AWS_ENDPOINT_URL_SQS": self.queue_origin,
            "AWS_DEFAULT_ACCESS_KEY_ID": self.aws_access_key_id,
            "AWS_DEFAULT_SECRET_ACCESS_KEY": self.aws_secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-2",
            "CREWAI_URL": f"http://127.0.0.1:{self.ports.brain}",
            "BACKEND_ENQUEUE_TOKEN": self.brain_token,
            "PRACTICE_URL": self.practice_url,
        }


def load_install(folder: Path) -> Install:
    """The install of `folder` with ports that are free now; made on first use, file mode 0600.

    Ports stay the same from start to start unless somebody else took them meanwhile.
    Raises ValueError that names the file when it can't be read.
    """
    file = folder / "stack.json"
    install = Install()
    if file.exists():
        try:
            install = msgspec.json.decode(file.read_bytes(), type=Install)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ValueError(f"{file} can't be read: {error}") from error
    taken: set[int] = set()
    for name in Ports.__struct_fields__:
        port = free_port(getattr(install.ports, name))
        while port in taken:
            port = free_port()
        taken.add(port)
        setattr(install.ports, name, port)
    save_private(file, msgspec.json.format(msgspec.json.encode(install), indent=1))
    return install


def save_private(file: Path, content: bytes) -> None:
    """Write `file` whole or not at all, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)


def save_endpoints_config(install: Install, folder: Path, *, database_url: str, authenticator_url: str) -> Path:
    """Write what the endpoints process is told; returns the file (mode 0600)."""
    file = folder / "endpoints.json"
    config = {
        "database_url": database_url,
        "authenticator_url": authenticator_url,
        "gateway_port": install.ports.gateway,
        "queue_port": install.ports.queue,
        "practice_port": install.ports.practice,
        "jwt_secret": install.jwt_secret,
        "publishable_key": install.publishable_key,
        "service_role_key": install.service_role_key,
        "practice_log": str(folder / "practice" / "requests.jsonl"),
    }
    save_private(file, json.dumps(config, indent=1).encode())
    return file
