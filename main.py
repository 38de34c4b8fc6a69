"""The one program: reads the role from the command line, then imports what that role needs."""

import sys
from pathlib import Path

from services import interpreter

interpreter.check_python()

from services import program  # noqa: E402

ROOT = program.home()


def _console(argv: list[str]) -> int:
    from services.settings import has_display

    theme, read_only = (
        _options(argv) if argv else ("system", False)
    )  # a parser alone would delay the first picture by a twentieth
    if not has_display():
        if read_only:
            print("No display: there is nothing to look at, and the tour would press buttons.", file=sys.stderr)
            return 2
        print(f"No display: the same journey runs offscreen ({program.usage_name('tour')}).", flush=True)
        return _tour([])
    return _window(theme, read_only=read_only)


def _options(argv: list[str]) -> tuple[str, bool]:
    import argparse

    parser = argparse.ArgumentParser(
        prog=program.usage_name("console"),
        description="The staff console. Without SUPABASE_URL it starts the local stack; "
        "without a display it takes the tour instead, offscreen.",
    )
    parser.add_argument("--theme", choices=("system", "light", "dark"), default="system", help="colours of the window")
    parser.add_argument("--read-only", action="store_true", help="look only: every act is off")
    args = parser.parse_args(argv)
    return args.theme, args.read_only


def _stack(argv: list[str]) -> int:
    from services.local.stack_role import run

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


def _monitor(argv: list[str]) -> int:
    from services.pipeline.monitor import run

    return run(argv)


def _submit(argv: list[str]) -> int:
    from services.submission.process import run

    return run(argv)


def _fetch_browser(argv: list[str]) -> int:
    from services.submission.fetch_role import run

    return run(argv)


def _watch(argv: list[str]) -> int:
    from app.roles.watch import run

    return run(argv)


def _dlq(argv: list[str]) -> int:
    from app.roles.dlq import run

    return run(argv)


def _tour(argv: list[str]) -> int:
    import argparse

    parser = argparse.ArgumentParser(
        prog=program.usage_name("tour"),
        description="Drives the real window through the journey on the local stack, checks each step against the "
        "database and the queue, and keeps a picture of each page. Exit code 0 only if every step was seen to happen.",
    )
    parser.add_argument("--out", type=Path, default=Path("tour"), help="folder for the pictures (default: tour)")
    args = parser.parse_args(argv)
    from services.settings import SettingsError, choose_offscreen, has_display, read_settings

    try:
        project = read_settings(dotenv=ROOT / ".env").supabase_url
    except SettingsError:
        project = ""  # the window says what is wrong with them
    if project:
        print(f"The tour presses buttons, and SUPABASE_URL leads to {project}. Unset it.", file=sys.stderr)
        return 2
    if not has_display():
        choose_offscreen()
    return _window("light", args.out)


def _window(theme: str, tour_folder: Path | None = None, *, read_only: bool = False) -> int:
    from typing import cast

    if program.is_frozen():
        from services import frozen

        frozen.check(browser=tour_folder is not None)

    from PySide6.QtWidgets import QApplication

    from app.first_paint import Imports, import_plainly, take_short_turns, wait_for_paint

    import_plainly()
    take_short_turns()
    from services.settings import SettingsError, read_settings
    from widgets.frame import Frame
    from widgets.look import theme as look

    mode = cast(look.Mode, theme)
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)
    look.choose(mode, application)
    dotenv = ROOT / ".env"
    touring = tour_folder is not None
    try:
        settings = read_settings(dotenv=dotenv)
    except SettingsError:
        settings = read_settings({})  # the page that says so needs a window
    kept = None if touring else settings.data_path / "console" / "window.json"
    # Where the settings name no project, one may have been chosen: its red frame must not be green at first.
    frame = Frame(settings.where, state_file=kept, may_be_another=not settings.supabase_url)
    frame.appear()
    wait_for_paint(application, frame)
    imports = Imports(_import_screen)
    imports.start()
    imports.wait(application)

    import asyncio
    import signal

    from app.desk import Desk
    from app.loop import Closing, built, run_in_qt
    from services.log import log_to_stderr
    from widgets.console_window import ConsoleWindow
    from widgets.look import fonts, icons

    log_to_stderr("console", "WARNING")
    # Each of the longer steps gets a turn of its own, so that the window stays alive between them.
    fonts.load()
    application.processEvents()
    look.apply(mode, application)
    application.processEvents()
    application.setWindowIcon(icons.mark())
    application.processEvents()

    async def life(closing: Closing) -> int:
        frame.closing.connect(closing.ask)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: closing.ask())
        if frame.closed:
            return 0
        await asyncio.to_thread(frame.read_through)
        frame.restore()
        window = await built(ConsoleWindow.in_turns(frame.environment, kept=frame.kept, read_only=read_only))
        window.environment_shown.connect(frame.show_environment)
        await asyncio.sleep(0)
        frame.hold(window)
        await asyncio.sleep(0)
        # Only now: while a module is loaded, no other thread can run, and building the window has long turns enough.
        imports = Imports(_import_console)
        imports.start()
        await asyncio.to_thread(imports.finish)
        from app.failures import Failures
        from app.sitting import sit

        async def tour(desk: Desk) -> int:
            from services.local.witness import Witness
            from widgets.tour import Tour

            return await Tour(window, desk, Witness(desk.data_dir), tour_folder or ROOT).run()

        work = tour if touring else None
        with Failures(settings.data_path / "console" / "crashes", window.show_failure).watched():
            code = await sit(lambda: read_settings(dotenv=dotenv), dotenv, window, closing, work, read_only=read_only)
        if code and window.current_page() == "problem":
            print(f"Nothing could be shown: {window.problem.words()}", flush=True)
        return code

    try:
        return run_in_qt(application, life, end_limit=25.0)
    finally:
        frame.settle()


def _import_screen() -> None:
    import asyncio  # noqa: F401

    import qasync  # noqa: F401

    import app.loop  # noqa: F401
    import services.log  # noqa: F401
    import widgets.console_window  # noqa: F401


def _import_console() -> None:
    import anyio
    import boto3  # noqa: F401
    import httpcore  # noqa: F401
    import pyqtgraph  # noqa: F401

    import app.sitting  # noqa: F401

    anyio.run(anyio.sleep, 0)  # every request goes through it, and it imports the most when it is first used


def _test(argv: list[str]) -> int:
    from tests.check import run

    return run(argv)


def _bench(argv: list[str]) -> int:
    from tests.bench.runner import run

    return run(argv)


def _soak(argv: list[str]) -> int:
    from tests.soak.runner import run

    return run(argv)


def _dist(argv: list[str]) -> int:
    from tests.freeze.build import run

    return run(argv)


ROLES = {
    "console": (_console, "the staff console; starts the local stack when no project is set"),
    "stack": (_stack, "the local stack: database, endpoints and pipeline on this machine"),
    "endpoints": (_endpoints, "gateway, queue and practice directories of the local stack"),
    "brain": (_brain, "plans a submission: POST /plan"),
    "intake": (_intake, "the outbox relay: sends waiting messages to the queue"),
    "subscriber": (_subscriber, "receives the queue's messages and starts flow runs"),
    "worker": (_worker, "runs flows: the jobs' directories, in a browser"),
    "monitor": (_monitor, "queues jobs again that stand still, raises an alarm for dead letters"),
    "submit": (_submit, "one submission in a browser; request on stdin, events on stdout"),
    "fetch": (_fetch_browser, "fetches the browser that runs are made with where none is installed"),
    "watch": (_watch, "prints what happens, live, in a terminal or as JSON lines"),
    "dlq": (_dlq, "lists, replays, archives and exports dead letters, for scripts"),
    "tour": (_tour, "drives the console through its journey and takes pictures"),
    "test": (_test, "checks the code and runs the tests"),
    "bench": (_bench, "measures this program beside its peers"),
    "soak": (_soak, "runs one long test for some minutes"),
    "dist": (_dist, "makes the frozen program, or checks one"),
}
DEFAULT_ROLE = "console"
CHECKOUT_ONLY = ("test", "bench", "soak", "dist")


def _roles_here() -> list[str]:
    return [name for name in ROLES if not (program.is_frozen() and name in CHECKOUT_ONLY)]


def _usage() -> str:
    lines = [
        f"usage: {program.usage_name('[ROLE] [options]')}",
        "",
        f"Roles (without one: {DEFAULT_ROLE}; each has its own --help):",
        *(f"  {name:<12}{ROLES[name][1]}" for name in _roles_here()),
        "",
        "--version    say the version",
    ]
    if not program.is_frozen():
        lines.append("--no-setup   install nothing; say what is missing instead")
    return "\n".join(lines)


def main(argv: list[str]) -> int:
    """Run the role that `argv` names; returns the exit code, 2 for a role that doesn't exist."""
    may_install = "--no-setup" not in argv
    argv = [argument for argument in argv if argument != "--no-setup"]
    if argv[:1] in (["--help"], ["-h"], ["help"]):
        print(_usage())
        return 0
    if argv[:1] == ["--version"]:
        print(f"Directory-Bolt {program.version()}")
        return 0
    name = DEFAULT_ROLE
    if argv and not argv[0].startswith("-"):
        name, argv = argv[0], argv[1:]
    here = _roles_here()
    if name not in here:
        import difflib

        near = difflib.get_close_matches(name, here, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        if name in CHECKOUT_ONLY:
            hint = " It works on the source code: run it in a checkout."
        print(f"There is no role {name!r} here.{hint} Roles: {', '.join(here)}", file=sys.stderr)
        return 2
    if program.is_frozen():
        from services import frozen

        frozen.enter()
    elif interpreter.needs_setup(str(ROOT)):
        from services import setup

        setup.enter(str(ROOT), may_install)
    function, _ = ROLES[name]
    return function(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
