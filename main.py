"""The one program: reads the role from the command line, then imports what that role needs."""

import difflib
import sys
from pathlib import Path

from services import setup

setup.check_python()

ROOT = Path(__file__).resolve().parent


def _console(argv: list[str]) -> int:
    from app.console import run

    return run(argv)


def _stack(argv: list[str]) -> int:
    from services.local.supervisor import run

    return run(argv)


def _endpoints(argv: list[str]) -> int:
    from services.local.endpoints import run

    return run(argv)


def _brain(argv: list[str]) -> int:
    from services.pipeline.brain import run

    return run(argv)


def _intake(argv: list[str]) -> int:
    from services.pipeline.intake import run

    return run(argv)


def _subscriber(argv: list[str]) -> int:
    from services.pipeline.subscriber import run

    return run(argv)


def _worker(argv: list[str]) -> int:
    from services.pipeline.worker import run

    return run(argv)


def _submit(argv: list[str]) -> int:
    from services.submission.process import run

    return run(argv)


def _tour(argv: list[str]) -> int:
    from widgets.tour import run

    return run(argv)


def _test(argv: list[str]) -> int:
    import argparse
    import subprocess

    parser = argparse.ArgumentParser(
        prog="main.py test",
        description="ruff, mypy, import-linter and pytest. With arguments: pytest alone, which gets them.",
    )
    if argv in (["--help"], ["-h"]):
        parser.print_help()
        return 0
    python = [sys.executable, "-m"]
    checks = [
        [*python, "ruff", "check"],
        [*python, "ruff", "format", "--check"],
        [*python, "mypy"],
        [str(Path(sys.executable).with_name("lint-imports"))],
    ]
    failed = False
    for command in [] if argv else checks:
        print(f"== {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            print("== FAILED", flush=True)
            failed = True
    tests = subprocess.run([*python, "pytest", *argv], cwd=ROOT, check=False).returncode
    return tests or int(failed)


def _bench(argv: list[str]) -> int:
    from tests.bench.runner import run

    return run(argv)


ROLES = {
    "console": (_console, "the staff console; starts the local stack when no project is set"),
    "stack": (_stack, "the local stack: database, endpoints and pipeline on this machine"),
    "endpoints": (_endpoints, "gateway, queue and practice directories of the local stack"),
    "brain": (_brain, "plans a submission: POST /plan"),
    "intake": (_intake, "the outbox relay: sends waiting messages to the queue"),
    "subscriber": (_subscriber, "receives the queue's messages and starts flow runs"),
    "worker": (_worker, "runs flows: the jobs' directories, in a browser"),
    "submit": (_submit, "one submission in a browser; request on stdin, events on stdout"),
    "tour": (_tour, "drives the console through its journey and takes pictures"),
    "test": (_test, "checks the code and runs the tests"),
    "bench": (_bench, "measures this program beside its peers"),
}
DEFAULT_ROLE = "console"


def _usage() -> str:
    lines = [f"  {name:<12}{what}" for name, (_, what) in ROLES.items()]
    return "\n".join(
        [
            "usage: main.py [--no-setup] [ROLE] [options]",
            "",
            f"Roles (without one: {DEFAULT_ROLE}; each has its own --help):",
            *lines,
            "",
            "--no-setup   in a checkout: install nothing; say what is missing instead",
        ]
    )


def main(argv: list[str]) -> int:
    """Run the role that `argv` names; returns the exit code, 2 for a role that doesn't exist."""
    may_install = "--no-setup" not in argv
    argv = [argument for argument in argv if argument != "--no-setup"]
    if argv[:1] in (["--help"], ["-h"], ["help"]):
        print(_usage())
        return 0
    name = DEFAULT_ROLE
    if argv and not argv[0].startswith("-"):
        name, argv = argv[0], argv[1:]
    if name not in ROLES:
        near = difflib.get_close_matches(name, ROLES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        print(f"main.py: there is no role {name!r}.{hint} Roles: {', '.join(ROLES)}", file=sys.stderr)
        return 2
    setup.enter(str(ROOT), may_install)
    function, _ = ROLES[name]
    return function(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
