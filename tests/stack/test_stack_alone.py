"""The stack as somebody else's test suite uses it: chosen parts, ports and keys, own SQL."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import psycopg
import pytest

from services.local.install import STAFF_EMAIL
from services.local.ports import choose_ports
from tests.local_stack import ROOT, RunningStack, processes_of, remove_postgres, running_stack, wait_until

pytestmark = pytest.mark.stack
SECRET = "a-secret-of-the-tests-with-32-bytes-or-more"
ANON = jwt.encode({"role": "anon"}, SECRET, algorithm="HS256")
SERVICE = "sb_secret_0123456789abcdef"
FIRST = "create table if not exists public.fruits (name text primary key);\ngrant select on public.fruits to anon;\n"
SECOND = "insert into public.fruits select 'apple' on conflict do nothing;\n"


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return choose_ports({"gateway": 0, "postgres": 0}, {})


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[RunningStack]:
    folder = tmp_path_factory.mktemp("alone")
    (folder / "1.sql").write_text(FIRST)
    (folder / "0.sql").write_text(SECOND)
    (folder / "options").write_text(f"--jwt-secret={SECRET}\n--staff-password=let-me-in\n--service-key={SERVICE}")
    with running_stack(
        folder, "--only", "postgres,gateway", "--gateway-port", str(ports["gateway"]), "--postgres-port",
        str(ports["postgres"]), "--publishable-key", ANON, "--sql", str(folder / "1.sql"), "--sql",
        str(folder / "0.sql"), f"@{folder / 'options'}",
    ) as running:  # fmt: skip
        yield running


def ask(ports: dict[str, int], path: str, key: str, token: str = "") -> httpx.Response:
    headers = {"apikey": key, "Authorization": f"Bearer {token or key}"}
    return httpx.get(f"http://127.0.0.1:{ports['gateway']}{path}", headers=headers, trust_env=False)


def test_the_given_ports_keys_and_files_are_in_force(alone: RunningStack, ports: dict[str, int]) -> None:
    assert ask(ports, "/rest/v1/fruits", ANON).json() == [{"name": "apple"}]
    assert ask(ports, "/rest/v1/jobs?select=id", SERVICE).status_code == 200
    token = jwt.encode({"role": "service_role"}, SECRET, algorithm="HS256")
    assert ask(ports, "/rest/v1/jobs?select=id", ANON, token).status_code == 200
    assert ask(ports, "/rest/v1/fruits", "sb_publishable_of_somebody_else").status_code == 401
    signed = httpx.post(
        f"http://127.0.0.1:{ports['gateway']}/auth/v1/token?grant_type=password",
        headers={"apikey": ANON}, json={"email": STAFF_EMAIL, "password": "let-me-in"}, trust_env=False,
    )  # fmt: skip
    assert signed.status_code == 200
    assert jwt.decode(signed.json()["access_token"], SECRET, algorithms=["HS256"], audience="authenticated")


def test_only_what_was_asked_for_runs(alone: RunningStack) -> None:
    assert set(alone.pids()) == {"postgres", "endpoints"}
    assert alone.witness().query("select count(*) from public.jobs") == [(0,)]
    assert "SQS_QUEUE_URL" not in alone.env


def test_the_pipe_carries_no_secret(alone: RunningStack) -> None:
    said = str(alone.events)
    for secret in ("let-me-in", SECRET, SERVICE, "postgresql://"):
        assert secret not in said
    assert alone.env["STAFF_PASSWORD"] == "let-me-in"
    ready = alone.wait_for(lambda event: event["event"] == "ready")
    assert Path(ready["settings_file"]).stat().st_mode & 0o077 == 0


def test_a_taken_port_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "stack", "--data", str(tmp_path), "--queue-port", port],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"argument --queue-port: port {port} is taken" in done.stderr
    assert '"part"' not in done.stdout


def test_a_file_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.sql", tmp_path / "bad.sql"
    good.write_text("create table public.kept (id int);\n")
    bad.write_text("create table public.gone (id int);\n\nselect nothing from nowhere;\nselect 1;\n")
    stack = RunningStack(tmp_path, "--only", "postgres", "--sql", str(good), "--sql", str(bad))
    try:
        failed = stack.wait_for(lambda event: event["event"] in ("failed", "ready"))
        assert f"{bad}, line 3: ERROR:" in failed["why"]
        assert 'relation "nowhere" does not exist' in failed["why"]
        assert stack.process.wait(20) == 1
        with pytest.raises(psycopg.OperationalError):
            stack.witness().query("select 1")
    finally:
        stack.end()
        remove_postgres(tmp_path)


def test_a_killed_supervisor_takes_everything_along(alone: RunningStack) -> None:
    # The last test on this stack. A part that is frozen wakes when its supervisor dies, and sees that it is alone.
    os.kill(alone.pids()["endpoints"], signal.SIGSTOP)
    alone.process.kill()
    alone.process.wait(10)
    wait_until(lambda: not processes_of(alone.home), 30, "all parts ended")
