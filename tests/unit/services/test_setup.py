"""The self-setup of a checkout."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services import interpreter, setup

ROOT = Path(__file__).resolve().parents[3]
BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
posix = pytest.mark.skipif(os.name == "nt", reason="stands in for the system's programs with shell scripts")

Tool = Callable[[str, str], None]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a checkout to the setup, outside any .venv."""
    monkeypatch.setenv(interpreter.GUARD, "")  # so that what a test sets is taken back
    root = tmp_path / "home" / "checkout"
    root.mkdir(parents=True)
    root.parent.chmod(0o700)
    (root / "requirements.lock").write_text("")
    return root


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """Makes a shell script that stands in for a program of the system; PATH holds nothing else."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for needed in ("sh", "env", "cat"):
        (folder / needed).symlink_to(str(shutil.which(needed)))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(setup, "BROWSER_PLACES", ())

    def make(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return make


def _pretend_venv(root: Path) -> None:
    python = Path(setup.venv_python(str(root)))
    python.parent.mkdir(parents=True)
    python.touch()
    setup.write_mark(str(root))


@pytest.mark.parametrize("name", ["main.py", "services/interpreter.py", "services/setup.py", "services/__init__.py"])
def test_an_old_python_can_read_it(name: str) -> None:
    ast.parse((ROOT / name).read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("version", [(3, 6, 1), (3, 10, 9), (3, 14, 0)])
def test_another_python_gets_a_sentence(version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=rf"Python 3.11 to 3.13 .* this is 3.{version[1]}"):
        interpreter.check_python()


def test_this_python_passes() -> None:
    interpreter.check_python()


@posix
def test_the_sentence_names_a_python_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, script in (("3.13", "echo 'pyenv: not chosen' >&2; exit 127"), ("3.12", f'exec {sys.executable} "$@"')):
        (tmp_path / f"python{name}").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / f"python{name}").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 6, 1))
    with pytest.raises(SystemExit) as caught:
        interpreter.check_python()
    assert str(caught.value).endswith(
        " python3.13 is there, but can't run: pyenv: not chosen. This machine has it: start with python3.12."
    )
    (tmp_path / "python3.12").chmod(0o644)
    assert interpreter.why_not("python3.12") == "Permission denied"
    assert interpreter.why_not("python3.11") == interpreter.MISSING


def test_ready_means_this_lock_this_python_this_platform_this_folder(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not setup.is_ready(str(checkout))
    _pretend_venv(checkout)
    assert setup.is_ready(str(checkout))

    with monkeypatch.context() as other:
        other.setattr(sys, "version_info", (3, 10, 0))
        assert not setup.is_ready(str(checkout))
    with monkeypatch.context() as other:
        other.setattr("sysconfig.get_platform", lambda: "linux-riscv64")
        assert not setup.is_ready(str(checkout))
    moved = checkout.rename(checkout.with_name("moved"))
    assert not setup.is_ready(str(moved))
    setup.write_mark(str(moved))
    assert setup.is_ready(str(moved))
    (moved / "requirements.lock").write_text("idna==3.10\n")
    assert not setup.is_ready(str(moved))


def test_a_mark_without_its_python_is_not_ready(checkout: Path) -> None:
    _pretend_venv(checkout)
    Path(setup.venv_python(str(checkout))).unlink()
    assert not setup.is_ready(str(checkout))


def test_the_second_of_two_starts_waits_and_says_so(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    waiting, entered = threading.Event(), threading.Event()

    def say(text: str) -> None:
        said.append(text)
        waiting.set()

    def second() -> None:
        with setup.only_one(str(checkout)):
            entered.set()

    monkeypatch.setattr(setup, "_say", say)
    thread = threading.Thread(target=second)
    with setup.only_one(str(checkout)):
        thread.start()
        assert waiting.wait(10)
        assert not entered.is_set()
    thread.join(10)
    assert entered.is_set()
    assert len(said) == 1
    assert "waiting" in said[0]


def test_who_waited_finds_the_work_done(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("set up a second time")

    _pretend_venv(checkout)
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    setup._make_ready(str(checkout))
    assert setup.is_ready(str(checkout))


def test_a_ready_checkout_starts_over_without_any_child_process(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend_venv(checkout)
    started: list[list[str]] = []

    def start(_: str, command: list[str]) -> None:
        started.append(command)
        raise SystemExit(0)

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("a child process on the fast path")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr(os, "execv", start)
    monkeypatch.setattr(os, "name", "posix")
    monkeypatch.setattr(sys, "orig_argv", ["python3", "-X", "dev", "main.py", "stack"])
    with pytest.raises(SystemExit):
        setup.enter(str(checkout))
    assert started == [[setup.venv_python(str(checkout)), "-X", "dev", "main.py", "stack"]]
    assert os.environ[interpreter.GUARD] == str(checkout / ".venv")


def test_a_child_of_a_ready_program_is_never_set_up(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(checkout / ".venv"))
    monkeypatch.setenv(interpreter.GUARD, str(checkout / ".venv"))
    setup.enter(str(checkout))
    assert not (checkout / ".venv").exists()


def test_it_never_starts_over_twice(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(interpreter.GUARD, str(checkout / ".venv"))
    with pytest.raises(SystemExit, match="unset it"):
        setup.enter(str(checkout))


def test_nothing_of_it_in_a_frozen_program(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    setup.enter(str(checkout))
    assert not (checkout / ".venv").exists()


@posix
def test_no_setup_says_what_is_missing_and_touches_nothing(checkout: Path, tool: Tool) -> None:
    tool("dpkg-query", "echo 'ii \tlibegl1, '")
    tool("apt-get", "exit 1")
    with pytest.raises(SystemExit, match="libgl1") as refused:
        setup.enter(str(checkout), may_install=False)
    assert refused.value.code not in (0, None)
    assert "libegl1" not in str(refused.value)
    assert not (checkout / ".venv").exists()


@posix
def test_only_what_is_missing_is_asked_for(tool: Tool) -> None:
    there = [name for name in setup.LIBRARIES if name not in ("libgl1", "libatomic1", "libglib2.0-0")]
    lines = "\n".join([*(f"ii \t{name}, " for name in there), "ii \tlibglib2.0-0t64, libglib2.0-0 (= 2.84)"])
    tool("dpkg-query", f"cat <<'END'\n{lines}\nrc \tlibgl1, \nEND")
    tool("apt-get", "exit 1")
    tool("chromium", "")
    assert setup._missing_packages() == ["libgl1", "libatomic1", *setup.HEADLESS_PACKAGES]


@posix
def test_without_rights_there_is_one_line_to_run(checkout: Path, tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "stdin", None)
    tool("dpkg-query", "")
    tool("apt-get", "exit 1")
    with pytest.raises(setup.SetupFailed) as refused:
        setup._install_system(str(checkout), ["libgl1", "chromium"])
    line = str(refused.value).splitlines()[-1]
    packages = "apt-get update && apt-get install --yes --no-install-recommends libgl1 chromium"
    assert line == f"su -c '{packages}'"
    tool("sudo", "exit 1")
    with pytest.raises(setup.SetupFailed) as refused:
        setup._install_system(str(checkout), ["libgl1", "chromium"])
    assert str(refused.value).splitlines()[-1] == f"sudo sh -c '{packages}'"


@posix
@pytest.mark.parametrize(
    ("lists", "calls"),
    [("fresh", ["install"]), ("none", ["update", "install"]), ("stale", ["install", "update", "install"])],
)
def test_the_lists_of_packages_are_asked_for_only_when_needed(
    lists: str, calls: list[str], checkout: Path, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".venv").mkdir()
    log, state = tmp_path / "calls", tmp_path / "lists"
    state.write_text(lists)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    tool("dpkg-query", "")
    tool("sudo", '[ "$1" = -n ] && shift\n[ "$1" = true ] && exit 0\nBY_SUDO=1 exec "$@"')
    tool(
        "apt-get",
        f"""read lists < {state}
case "$*" in
  *--simulate*) [ "$lists" != none ]; exit;;
  *update*) echo fresh > {state}; call=update;;
  *install*) call=install;;
esac
[ "$BY_SUDO" = 1 ] && [ "$DEBIAN_FRONTEND" = noninteractive ] || exit 9
echo $call >> {log}
[ $call = update ] || [ "$lists" = fresh ]""",
    )
    setup._install_system(str(checkout), ["libgl1"])
    assert log.read_text().split() == calls


@posix
def test_a_tool_that_is_needed_later_is_installed_the_same_way(
    checkout: Path, tool: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".venv").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    tool("dpkg-query", "echo 'ii \tbinutils, '")
    tool("apt-get", f'case "$*" in *--simulate*) exit 0;; esac; echo "$*" >> {tmp_path / "calls"}')
    setup.need(str(checkout), ["binutils", "libpython3.11"])
    assert (tmp_path / "calls").read_text().split()[-1] == "libpython3.11"
    assert "binutils" not in (tmp_path / "calls").read_text()


@posix
def test_where_there_is_no_apt_a_tool_is_named(checkout: Path, tool: Tool) -> None:
    with pytest.raises(setup.SetupFailed, match="what Debian calls binutils, then start again"):
        setup.need(str(checkout), ["binutils"])


@posix
def test_what_is_behind_a_link_is_left_alone(checkout: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "pyvenv.cfg").write_text("of others")
    (checkout / ".venv").symlink_to(shared)
    with pytest.raises(setup.SetupFailed, match="is a link, and not ready"):
        setup._make_ready(str(checkout))
    assert [file.name for file in shared.iterdir()] == ["pyvenv.cfg"]


@posix
def test_a_failed_step_ends_with_its_last_words(checkout: Path, tool: Tool) -> None:
    (checkout / ".venv").mkdir()
    tool("apt-get", "echo no space left; exit 100")
    with pytest.raises(setup.SetupFailed, match=r"no space left\nInstalling failed \(100\)"):
        setup._run(str(checkout), "Installing", ["apt-get"])


@posix
def test_first_start_second_start_and_a_killed_one(checkout: Path, tmp_path: Path) -> None:
    """A real .venv, with an empty list of packages: the network isn't touched."""
    programs = tmp_path / "programs"
    programs.mkdir()
    listed = "\n".join(f"ii \t{name}, " for name in [*setup.LIBRARIES, *setup.HEADLESS_PACKAGES, "python3-venv"])
    for name, script in {"dpkg-query": f"cat <<'END'\n{listed}\nEND", "apt-get": "exit 1", "chromium": ""}.items():
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    for folder in ("services", "tests", "tests/bench"):
        (checkout / folder).mkdir()
    for name in ("__init__", "interpreter", "program", "setup"):
        shutil.copy(ROOT / "services" / f"{name}.py", checkout / "services" / f"{name}.py")
    for name in ("main.py", "tests/__init__.py"):
        shutil.copy(ROOT / name, checkout / name)
    (checkout / "tests" / "bench" / "__init__.py").touch()
    (checkout / "tests" / "bench" / "runner.py").write_text(
        "def run(argv):\n    print('nothing measured')\n    return 0\n"
    )
    path = os.pathsep.join([str(programs), os.environ["PATH"]])

    def start(*extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BASE_PYTHON, str(checkout / "main.py"), "bench", *extra],
            env={**os.environ, "PATH": path},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    refused = start("--no-setup")
    assert refused.returncode == 1
    assert "0 from requirements.lock" in refused.stderr
    first = start()
    assert (first.returncode, first.stdout) == (0, "nothing measured\n"), first.stderr
    assert "Ready." in first.stderr
    second = start("--no-setup")
    assert (second.returncode, second.stdout, second.stderr) == (0, "nothing measured\n", "")

    (checkout / ".venv" / "ready").unlink()  # as a kill -9 before the end leaves it
    stray = checkout / ".venv" / "half-made"
    stray.touch()
    again = subprocess.run(
        [setup.venv_python(str(checkout)), str(checkout / "main.py"), "bench"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (again.returncode, again.stdout) == (0, "nothing measured\n"), again.stderr
    assert "made anew" in again.stderr
    assert not stray.exists()
