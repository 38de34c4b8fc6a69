"""Long runs by name: each works for some minutes from a seed and gives figures, or fails an assertion."""

from __future__ import annotations

import argparse
import faulthandler
import json
import random
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Final

from tests.e2e import letters
from tests.soak import (
    faults,
    hostile,
    pythons,
    replay_schedules,
    run_children,
    sync_live,
    sync_observers,
    sync_schedules,
)

Figures = Mapping[str, int | float | str]
"""What a soak counted or measured, by name with the unit in it ("restarts", "worst_gap_ms")."""

Soak = Callable[[float, int], Figures]
"""Works for about so many minutes from the seed; raises AssertionError when something didn't hold.
The first line of its docstring says what it does to whom."""

SOAKS: Final[dict[str, Soak]] = {
    "faults": faults.run,
    "letters": letters.run,
    "pages": hostile.run,
    "pythons": pythons.run,
    "replay": replay_schedules.run,
    "runs": run_children.run,
    "schedules": sync_schedules.run,
    "sync": sync_live.run,
    "observers": sync_observers.run,
}

GRACE: Final = 600.0
"""Seconds that a soak may take beyond its minutes, to set up and to clear away; then it is ended."""


def run(argv: list[str]) -> int:
    """Run the soak that `argv` names; 0 when all that it asserts held, 1 when not."""
    listed = "\n".join(f"  {name:<12}{_what(soak)}" for name, soak in sorted(SOAKS.items()))
    parser = argparse.ArgumentParser(
        prog="main.py soak",
        description="Run one long test and print its figures. Exit code 1 when something did not hold.",
        epilog=f"soaks:\n{listed or '  none yet'}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", choices=sorted(SOAKS), help="one of those below")
    parser.add_argument("--minutes", type=float, default=10.0, help="about how long (default: 10)")
    parser.add_argument("--seed", type=int, help="repeat an earlier run (default: a new one, which is printed)")
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    arguments = parser.parse_args(argv)
    if not 0 < arguments.minutes <= 24 * 60:
        parser.error("--minutes must be more than 0 and at most a day")
    seed: int = random.randrange(2**32) if arguments.seed is None else arguments.seed
    print(f"soak {arguments.name}: --minutes {arguments.minutes:g} --seed {seed}", file=sys.stderr, flush=True)
    # A soak that hangs says where it hangs.
    faulthandler.dump_traceback_later(arguments.minutes * 60 + GRACE, exit=True, file=2)
    started = time.monotonic()
    try:
        figures = dict(SOAKS[arguments.name](arguments.minutes, seed))
    except AssertionError:
        traceback.print_exc()
        print(f"soak {arguments.name}: DID NOT HOLD; seed {seed}", file=sys.stderr, flush=True)
        return 1
    finally:
        faulthandler.cancel_dump_traceback_later()
    took = round(time.monotonic() - started, 1)
    if arguments.json:
        print(json.dumps({"soak": arguments.name, "seed": seed, "seconds": took, "figures": figures}))
    else:
        for name, figure in figures.items():
            print(f"  {name:<32}{figure:g}" if isinstance(figure, float) else f"  {name:<32}{figure}")
        print(f"soak {arguments.name}: held for {took:g} s")
    return 0


def _what(soak: Soak) -> str:
    return next(iter((soak.__doc__ or "").strip().splitlines()), "")
