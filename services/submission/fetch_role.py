"""The role `fetch`: fetches Playwright's own browser in a process of its own."""

from __future__ import annotations

import argparse
import sys

from services.program import usage_name
from services.settings import SettingsError, read_settings
from services.submission.browser_download import NotFetched, fetch
from services.submission.choice import browsers_below
from services.submission.events import encode


def run(argv: list[str]) -> int:
    """Fetch it, telling how far it is on standard output, one JSON object a line; the exit code."""
    parser = argparse.ArgumentParser(
        prog=usage_name("fetch"),
        description="Fetch the browser that runs are made with where no Chrome, Edge or Chromium is installed. "
        'Prints {"kind": "progress", "done", "total"} in bytes and at the end {"kind": "ended", "path" or "error"}, '
        "one JSON object a line. Ending it leaves nothing half done in place.",
        epilog="Exit codes: 0 it is there, 1 it is not.",
    )
    parser.parse_args(argv)

    def report(done: int, total: int) -> None:
        _tell({"kind": "progress", "done": done, "total": total})

    try:
        path = fetch(browsers_below(read_settings().data_path), report)
    except (NotFetched, SettingsError) as error:
        _tell({"kind": "ended", "error": str(error)})
        return 1
    _tell({"kind": "ended", "path": path})
    return 0


def _tell(event: dict[str, object]) -> None:
    sys.stdout.write(encode(event))
    sys.stdout.flush()
