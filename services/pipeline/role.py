"""How every role of the pipeline begins."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from services.domain.redaction import keep_out
from services.lifetime import WatchedStop, stop_event
from services.log import log_to_stderr
from services.program import usage_name
from services.settings import Settings, SettingsError, read_settings

log = logging.getLogger(__name__)

_END_SECONDS: Final = 4.0
"""What a role gets to end in order; its parent waits somewhat longer."""
_NAMES: Final = {"database_url": "DATABASE_URL", "queue_url": "SQS_QUEUE_URL", "brain_url": "CREWAI_URL"}


def begin(
    role: str, description: str | None, argv: list[str], *, needs: tuple[str, ...], patience: float = 120.0
) -> tuple[Settings, WatchedStop]:
    """Read the command line and the settings, start the log; gives the settings and the event that says stop.

    `needs` are settings that may not be empty. Ends the process with code 2 and a sentence when one is.
    `patience`: seconds for which the main loop may be busy without a look at the event.
    """
    parser = argparse.ArgumentParser(prog=usage_name(role), description=description)
    parser.add_argument("--end-with-parent", action="store_true", help="stop when standard input ends")
    parser.add_argument("--beat", action="store_true", help="write an empty line each second while all is well")
    arguments = parser.parse_args(argv)
    try:
        settings = read_settings()
    except SettingsError as error:
        sys.stderr.write(f"{role}: {error}\n")
        raise SystemExit(2) from error
    missing = [_NAMES[name] for name in needs if not getattr(settings, name)]
    if missing:
        sys.stderr.write(f"{role} needs {', '.join(missing)}.\n")
        raise SystemExit(2)
    keep_out(*settings.secrets)
    log_to_stderr(role, settings.log_level)
    stop = WatchedStop(stop_event(end_with_parent=arguments.end_with_parent), patience=patience)
    threading.Thread(target=_leave_in_time, args=(stop.plain,), name="end-watch", daemon=True).start()
    if arguments.beat:
        stop.beat()
    return settings, stop


def _leave_in_time(stop: threading.Event) -> None:
    """End the process when it was told to stop and can't: a database that stands still answers no thread of it.

    The interpreter would wait for such a thread for ever. Leaving it is a cut that every step of a role bears.
    """
    stop.wait()
    time.sleep(_END_SECONDS)
    log.warning("Left without an end in order: something gave no answer", extra={"seconds": _END_SECONDS})
    os._exit(0)


def work_until(stop: WatchedStop, work: Callable[[threading.Event], None], *, grace: float = 1.0) -> int:
    """Run `work(stop)` on a thread until it returns or `stop` is set; gives the exit code.

    A call that hangs in the network when `stop` comes has `grace` seconds to end, then it is left behind:
    every step of these roles may be cut anywhere without losing anything.
    """
    failure: list[BaseException] = []

    def guarded() -> None:
        try:
            work(stop)
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=guarded, name="work", daemon=True)
    thread.start()
    while thread.is_alive() and not stop.plain.wait(0.1):
        pass
    thread.join(grace)
    if failure:
        log.error("Ended by an error", exc_info=failure[0])
        return 1
    return 0
