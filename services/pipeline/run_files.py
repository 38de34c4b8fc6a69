"""What a worker keeps of a run on its own disk: the last picture, what the page wrote and asked for, a trace."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services import artifacts
from services.domain.text import one_line

log = logging.getLogger(__name__)

LOGGED: Final = ("console", "network")
"""Events of a run that are kept; secrets are masked in them already, and their number is bounded."""


def keep_files(run: Path, place: Path, claim: str, shown: str | None, told: Sequence[Mapping[str, Any]]) -> str | None:
    """Put what lies in the folder of a run beside each other at `place`, whatever was there of the run before it.

    `claim`: the one it was made under, so that the log is never taken for that of another. `shown`: its last picture;
    gives where that is now, None when there is none.
    """
    try:
        if told:
            whole = json.dumps({"claim": claim, "told": list(told)})
            artifacts.write_whole(place.with_suffix(artifacts.LOG), whole.encode())
        _moved(run / "trace.zip", place.with_suffix(artifacts.TRACE))
        return _moved(Path(shown), place.with_suffix(".jpg")) if shown else None
    except OSError as error:
        log.warning("What a run left was lost", extra={"reason": one_line(error)})
        return None


def _moved(file: Path, place: Path) -> str | None:
    if not file.exists():
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    return str(file.replace(place).resolve())
