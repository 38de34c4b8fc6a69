"""The live feed in a terminal: the console's sync without its window (role `watch`)."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import threading
from typing import Final

from app.roles.feed_lines import FeedLines
from app.roles.here import keep_fresh, print_error, settings_here
from app.store.store import Store
from app.sync.engine import Engine
from services.clients.supabase_feed import SupabaseFeed
from services.clients.supabase_reads import SupabaseReads
from services.clients.supabase_session import SupabaseSession
from services.domain.errors import ConsoleError
from services.domain.redaction import keep_out
from services.lifetime import stop_event
from services.log import log_to_stderr
from services.program import usage_name
from services.settings import Settings, SettingsError

_PAUSE: Final = 0.25
_WANTED: Final = {
    "SUPABASE_URL": "supabase_url",
    "SUPABASE_ANON_KEY": "publishable_key",
    "STAFF_EMAIL": "staff_email",
    "STAFF_PASSWORD": "staff_password",
}


def run(argv: list[str]) -> int:
    """Print until told to stop. Exit codes: 0 as asked, 1 no sign-in, 2 settings are missing or wrong."""
    parser = argparse.ArgumentParser(
        prog=usage_name("watch"),
        description="Prints what happens to the jobs as it happens: the link, each event, each job whose numbers "
        "change. Without SUPABASE_URL it watches the local stack of this data folder, which must be running.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for another program")
    parser.add_argument("--job", default="", metavar="ID", help="only this job")
    parser.add_argument("--seconds", type=float, help="end after so long (default: at Ctrl+C)")
    parser.add_argument("--end-with-parent", action="store_true", help="stop when standard input ends")
    args = parser.parse_args(argv)
    log_to_stderr("watch", "ERROR")
    try:
        settings = settings_here()
    except SettingsError as error:
        print_error(f"A setting can't be used: {error}")
        return 2
    missing = [name for name, field in _WANTED.items() if not getattr(settings, field)]
    if missing:
        print_error(f"Some settings are missing: {', '.join(missing)}. Set them, or start the local stack first.")
        return 2
    keep_out(*settings.secrets)
    stop = stop_event(end_with_parent=args.end_with_parent)
    if args.seconds is not None:
        timer = threading.Timer(args.seconds, stop.set)
        timer.daemon = True
        timer.start()
    try:
        asyncio.run(_watch(settings, stop, as_json=args.json, job=args.job))
    except ConsoleError as error:
        print_error(f"{error} {error.hint}".rstrip())
        return 1
    except BrokenPipeError:
        # The reader has seen enough.
        with contextlib.suppress(OSError):
            sys.stdout.close()
    return 0


async def _watch(settings: Settings, stop: threading.Event, *, as_json: bool, job: str) -> None:
    session = await SupabaseSession.sign_in(
        settings.supabase_url, settings.publishable_key, settings.staff_email, settings.staff_password
    )
    store = Store()
    lines = FeedLines(store, as_json=as_json, job=job)
    try:
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(Engine(SupabaseReads(session), SupabaseFeed(session), store).run()),
                group.create_task(keep_fresh(session)),
            ]
            while not stop.is_set():
                for line in lines.take():
                    sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
                await asyncio.sleep(_PAUSE)
            for task in running:
                task.cancel()
    except* BrokenPipeError as broken:
        raise BrokenPipeError from broken
    finally:
        await session.close()
