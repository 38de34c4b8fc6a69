"""What an install keeps: the same ports and secrets, for its owner's eyes only."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.local.install import Given, Install, Ports, load_install, save_endpoints_config, save_private
from services.local.ports import PortTaken
from services.settings import read_settings


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_the_second_start_finds_what_the_first_made(tmp_path: Path) -> None:
    first = load_install(tmp_path / "local")
    assert load_install(tmp_path / "local") == first
    assert len({getattr(first.ports, name) for name in Ports.__struct_fields__}) == 5
    assert all(1024 < getattr(first.ports, name) < 65536 for name in Ports.__struct_fields__)


def test_two_installs_share_no_secret(tmp_path: Path) -> None:
    one, two = load_install(tmp_path / "one"), load_install(tmp_path / "two")
    names = [name for name in Install.__struct_fields__ if name != "ports"]
    assert not {getattr(one, name) for name in names} & {getattr(two, name) for name in names}
    assert all(len(value) >= 24 for value in one.secret_values)
    assert len(set(one.secret_values)) == len(one.secret_values)


def test_a_port_that_somebody_else_took_is_changed_and_the_others_stay(tmp_path: Path) -> None:
    first = load_install(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first.ports.queue))
        other.listen()
        second = load_install(tmp_path)
    assert second.ports.queue != first.ports.queue
    assert msgspec.structs.replace(second.ports, queue=first.ports.queue) == first.ports
    assert load_install(tmp_path).ports == second.ports


def test_what_is_given_takes_the_place_of_what_was_kept_and_stays(tmp_path: Path) -> None:
    first = load_install(tmp_path)
    given = Given(ports={"gateway": first.ports.queue}, staff_password="let-me-in")
    second = load_install(tmp_path, given)
    assert (second.ports.gateway, second.staff_password) == (first.ports.queue, "let-me-in")
    assert second.ports.queue not in (first.ports.queue, 0)
    assert (second.ports.brain, second.jwt_secret) == (first.ports.brain, first.jwt_secret)
    assert load_install(tmp_path) == second


def test_a_given_port_that_is_taken_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} is taken") as caught:
            load_install(tmp_path, Given(ports={"queue": port}))
    assert caught.value.part == "queue"
    assert not list(tmp_path.iterdir())


def test_a_start_that_changes_nothing_needs_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_install(tmp_path)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert load_install(tmp_path) == first
    with pytest.raises(OSError, match="No space"):
        load_install(tmp_path, Given(staff_password="another"))
    assert load_install(tmp_path) == first


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        install = load_install(tmp_path / "local")
        config = save_endpoints_config(install, tmp_path / "local", (), database_url="d", authenticator_url="a")
    finally:
        os.umask(before)
    assert mode(tmp_path / "local" / "stack.json") == mode(config) == 0o600
    assert mode(tmp_path / "local") == 0o700


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'{"ports": {"queue": "many"}}', b'{"ports": {"queue": 70000}}', b'{"id": null}']
)
def test_a_broken_file_is_named_and_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "stack.json"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"stack\.json can't be read"):
        load_install(tmp_path)
    assert file.read_bytes() == content


def test_a_file_of_an_older_version_gets_what_is_new(tmp_path: Path) -> None:
    first = load_install(tmp_path)
    file = tmp_path / "stack.json"
    old: dict[str, Any] = json.loads(file.read_bytes())
    del old["brain_token"]
    file.write_text(json.dumps({**old, "gone": 1}))
    second = load_install(tmp_path)
    assert second.brain_token
    assert msgspec.structs.replace(second, brain_token=first.brain_token) == first


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "stack.json"
    save_private(file, "first")

    def full(handle: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        save_private(file, "second")
    assert file.read_bytes() == b'"first"'


def test_the_console_gets_no_key_of_the_pipeline(tmp_path: Path) -> None:
    install = load_install(tmp_path)
    environment = install.console_environment(tmp_path)
    shown = json.dumps(environment)
    for secret in (install.service_role_key, install.jwt_secret, install.postgres_password):
        assert secret not in shown
    settings = read_settings(environment)
    assert (settings.environment, settings.data_dir) == ("local", str(tmp_path))
    assert settings.sqs_endpoint_url == install.queue_origin
    assert settings.supabase_url == f"http://127.0.0.1:{install.ports.gateway}"


def test_the_endpoints_are_told_their_ports_and_keys(tmp_path: Path) -> None:
    install = load_install(tmp_path)
    file = save_endpoints_config(
        install, tmp_path, ["gateway", "practice"], database_url="postgresql://x", authenticator_url="postgresql://y"
    )
    from services.local.endpoints import Config

    config = msgspec.json.decode(file.read_bytes(), type=Config)
    assert (config.gateway_port, config.queue_port, config.practice_port) == (
        install.ports.gateway, None, install.ports.practice,
    )  # fmt: skip
    assert (config.jwt_secret, config.database_url) == (install.jwt_secret, "postgresql://x")
