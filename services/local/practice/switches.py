"""Which practice directories misbehave, and how; kept in a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

Mode = Literal[
    "ok", "fail", "not_received", "slow", "drop", "error500", "sometimes500", "changed", "renamed", "required",
    "removed", "captcha", "autosave", "restless", "by_get", "by_fetch", "by_request", "by_beacon", "by_picture",
    "by_socket", "by_leaving", "new_window",
]  # fmt: skip

MODES: Final[tuple[Mode, ...]] = get_args(Mode)

MODE_WORDS: Final[Mapping[Mode, str]] = {
    "ok": "Works",
    "fail": "Refuses the listing in words",
    "not_received": "Says “not received” among thanks",
    "slow": "Waits before each answer",
    "drop": "Takes the form, then hangs up",
    "error500": "Answers 500 to everything",
    "sometimes500": "Answers 500 now and then",
    "changed": "Phone field has another name",
    "renamed": "Every field has another name",
    "required": "Asks for one field more",
    "removed": "Phone field is gone",
    "captcha": "Asks for a captcha",
    "autosave": "Sends each input while typing",
    "restless": "Never stops loading",
    "by_get": "Sends its form in the address",
    "by_fetch": "Sends its form by fetch, as JSON",
    "by_request": "Sends its form by XMLHttpRequest",
    "by_beacon": "Sends its form by beacon",
    "by_picture": "Sends its form as a picture’s address",
    "by_socket": "Sends its form over a WebSocket",
    "by_leaving": "Sends its form when the page is left",
    "new_window": "Sends its form into a new window",
}


class Switch(msgspec.Struct, frozen=True):
    """How one site behaves. `seconds` is for slow, at most 300; `share` (0 to 1) and `seed` for sometimes500."""

    mode: Mode = "ok"
    seconds: float = 2.0
    share: float = 0.25
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= 300:
            raise ValueError("seconds must be 0 to 300")
        if not 0 <= self.share <= 1:
            raise ValueError("share must be 0 to 1")

    def breaks(self, host: str, visit: int) -> bool:
        """Whether this visit (0, 1, ...) of `host` is answered by an error; the same for the same seed."""
        if self.mode != "sometimes500":
            return self.mode == "error500"
        digest = hashlib.sha256(f"{self.seed}:{host}:{visit}".encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32 < self.share


class Switches:
    """The switch of every host; each change is in the file before `set` returns.

    `usual` says how hosts behave that nobody touched.
    """

    def __init__(self, file: Path, usual: Mapping[str, Switch]) -> None:
        self._file = file
        self._usual = usual
        self._by_host: dict[str, Switch] = {}
        self._visits: dict[str, int] = {}
        if file.exists():
            self._by_host = msgspec.json.decode(file.read_bytes(), type=dict[str, Switch])

    def get(self, host: str) -> Switch:
        """The switch of `host`; a host of which nothing is said is ok."""
        return self._by_host.get(host) or self._usual.get(host) or Switch()

    def breaks(self, host: str) -> bool:
        """Count a visit to `host`, and say whether it is answered by an error."""
        visit = self._visits.get(host, 0)
        self._visits[host] = visit + 1
        return self.get(host).breaks(host, visit)

    def set(self, host: str, switch: Switch) -> None:
        """Change one host, count its visits anew, and keep the switch over a restart."""
        self._by_host[host] = switch
        self._visits.pop(host, None)
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self._by_host), indent=1))
        fresh.replace(self._file)
