"""Which practice directories misbehave, and how; kept in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

Mode = Literal["ok", "fail", "slow", "drop", "error500", "changed"]
"""fail: the listing is refused in words. slow: waits before it answers. drop: takes the form, then hangs up.
error500: the site has an outage. changed: the phone field of the form has got another name."""


class Switch(msgspec.Struct, frozen=True):
    """How one site behaves. `seconds` is for slow, at most 300."""

    mode: Mode = "ok"
    seconds: float = msgspec.field(default=2.0)

    def __post_init__(self) -> None:
        if not 0 <= self.seconds <= 300:
            raise ValueError("seconds must be 0 to 300")


class Switches:
    """The switch of every host; each change is in the file before `set` returns."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._by_host: dict[str, Switch] = {}
        if file.exists():
            self._by_host = msgspec.json.decode(file.read_bytes(), type=dict[str, Switch])

    def get(self, host: str) -> Switch:
        """The switch of `host`; hosts that nobody touched are ok."""
        return self._by_host.get(host, Switch())

    def set(self, host: str, switch: Switch) -> None:
        """Change one host and keep it over a restart."""
        self._by_host[host] = switch
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(self._by_host), indent=1))
        fresh.replace(self._file)
