"""The request log of the practice directories: JSON lines that outlive a killed process."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

_RECENT: Final = 50

log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request. `time` is unix seconds; `answer` is the HTTP status, None when there was no answer.

    `form` by the page's own field names, passwords masked. `listing` is the number under which the directory took
    the business in, and `listed` what it then says of it, by field key.
    """

    time: float
    host: str
    method: str
    path: str
    form: dict[str, str]
    answer: int | None
    listing: int | None = None
    listed: dict[str, str] = {}


class Listing(msgspec.Struct, frozen=True):
    """A business that a directory took in; `values` by field key."""

    number: int
    host: str
    values: dict[str, str]


class RequestLog:
    """Appends entries to `file`; knows the listings that follow from them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._listings: dict[int, Listing] = {}
        self._recent: dict[str, deque[Entry]] = {}
        self._next = 1
        for entry in self.entries():
            self._learn(entry)
        self._out = open(file, "ab", buffering=0)  # noqa: SIM115  closed by close()
        if self._out.tell() and not file.read_bytes().endswith(b"\n"):
            # A process that was killed while writing left half a line.
            self._out.write(b"\n")

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self._out.close()

    def take_number(self) -> int:
        """The number for a new listing."""
        number, self._next = self._next, self._next + 1
        return number

    def add(self, entry: Entry) -> None:
        """Write one entry; it is with the system when this returns."""
        self._out.write(msgspec.json.encode(entry) + b"\n")
        self._learn(entry)

    def entries(self, *, host: str = "", since: float = 0.0) -> Iterator[Entry]:
        """Entries of `host` (empty: all) not older than `since` (unix seconds), oldest first."""
        if not self._file.exists():
            return
        with open(self._file, "rb") as lines:
            for line in lines:
                try:
                    entry = msgspec.json.decode(line, type=Entry)
                except msgspec.DecodeError:
                    log.warning("A line of the request log can't be read", extra={"file": str(self._file)})
                    continue
                if entry.time >= since and host in ("", entry.host):
                    yield entry

    def listing(self, host: str, number: int) -> Listing | None:
        """The listing of this number, if it is one of `host`."""
        found = self._listings.get(number)
        return found if found is not None and found.host == host else None

    def latest(self, host: str, limit: int = 8) -> list[Listing]:
        """The newest listings of `host`, newest first."""
        own = [listing for listing in self._listings.values() if listing.host == host]
        return sorted(own, key=lambda listing: -listing.number)[:limit]

    def recent(self, host: str) -> list[Entry]:
        """The last requests to `host`, at most 50, newest first."""
        return list(reversed(self._recent.get(host, ())))

    def counts(self) -> dict[str, int]:
        """Listings by host."""
        return Counter(listing.host for listing in self._listings.values())

    def _learn(self, entry: Entry) -> None:
        self._recent.setdefault(entry.host, deque(maxlen=_RECENT)).append(entry)
        if entry.listing is not None:
            self._listings[entry.listing] = Listing(entry.listing, entry.host, entry.listed)
            self._next = max(self._next, entry.listing + 1)
