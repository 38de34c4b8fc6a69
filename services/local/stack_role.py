"""The role `stack`: runs the local stack until told to stop, and tells what becomes of it."""

from __future__ import annotations

import logging

import psycopg

from services.lifetime import stop_event
from services.local.events import Beat, say
from services.local.install import save_private
from services.local.options import build_parser, parse_options
from services.local.ports import PortTaken
from services.local.postgres_files import remove_orphans
from services.local.schema import SqlFileFailed
from services.local.settings_of_parts import without_secrets
from services.local.supervisor import TICK, Stack
from services.lock import AlreadyRunning, FolderLock
from services.log import log_to_stderr
from services.settings import SettingsError, read_settings

log = logging.getLogger(__name__)


def run(argv: list[str]) -> int:
    """Run the stack until told to stop. Exit codes: 0 ended as asked, 1 could not start, 2 can't be asked for so."""
    parser = build_parser()
    options = parse_options(parser, argv)
    try:
        settings = read_settings()
    except SettingsError as error:
        parser.error(str(error))
    log_to_stderr("stack", settings.log_level)
    data_dir = (options.data or settings.data_path).resolve()
    stop = stop_event(end_with_parent=options.end_with_parent)
    for home in remove_orphans():
        log.info("Removed a database whose data folder is gone", extra={"folder": str(home)})
    lock = FolderLock(data_dir / "local" / "stack.lock", f"The local stack of {data_dir} is already running.")
    try:
        lock.take()
    except (AlreadyRunning, OSError) as error:
        say({"event": "failed", "why": _words(error)})
        return 1
    stack = Stack(data_dir, options)
    try:
        environment = stack.start(stop)
        # Standard output may end in anybody's log: what is secret is handed over in a file of the owner's.
        file = data_dir / "local" / "console.json"
        save_private(file, environment)
        say({"event": "ready", "env": without_secrets(environment), "settings_file": str(file)})
        beat = Beat()
        while not stop.wait(TICK):
            stack.tick()
            if options.beat:
                beat.tick()
        return 0
    except PortTaken as error:
        parser.error(f"argument --{error.part}-port: {error}")
    except (SqlFileFailed, psycopg.Error, ValueError, OSError) as error:
        if stop.is_set():
            return 0
        say({"event": "failed", "why": _words(error)})
        return 1
    finally:
        stack.end()
        lock.release()
        say({"event": "ended"})


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename} can't be written or read: {error.strerror}"
    return str(error)
