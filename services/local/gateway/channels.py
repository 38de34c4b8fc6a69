"""Joined channels, and which change goes to which of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

from services.local.gateway.bindings import Binding
from services.local.gateway.changes import change_json, changes_frame_payload, unauthorized_json
from services.local.gateway.database import Database
from services.local.gateway.tokens import Caller, Tokens
from services.local.gateway.visibility import Key, visible_keys
from services.local.gateway.wal import Relation, RowChange

_BREATH: Final = 100
_CONFIRMED: Final = "Subscribed to PostgreSQL"


class Outlet(Protocol):
    """The socket of a channel."""

    def push(self, topic: str, event: str, payload: str, *, ref: str | None, join_ref: str | None) -> None:
        """Queue one frame; `payload` is JSON text."""
        ...

    def drop(self, channel: Channel) -> None:
        """Forget a channel that the server ended."""
        ...


@dataclass(eq=False)
class Channel:
    """One joined topic of one socket."""

    outlet: Outlet
    topic: str
    join_ref: str | None
    caller: Caller
    token: str
    bindings: Sequence[Binding] = ()
    hears_itself: bool = False
    confirmed: bool = False

    def send(self, event: str, payload: str, *, ref: str | None = None) -> None:
        """Queue one frame of this channel."""
        self.outlet.push(self.topic, event, payload, ref=ref, join_ref=self.join_ref)

    def system(self, status: str, extension: str, message: str) -> None:
        """Say something about the channel itself."""
        payload = {
            "channel": self.topic.removeprefix("realtime:"),
            "extension": extension,
            "message": message,
            "status": status,
        }
        self.send("system", json.dumps(payload))

    def close(self) -> None:
        """Say that this channel is over; the reference tells it from a later one on the same topic."""
        self.send("phx_close", "{}", ref=self.join_ref)


class Channels:
    """All joined channels of all sockets."""

    def __init__(self, database: Database, tokens: Tokens) -> None:
        self._database = database
        self._tokens = tokens
        self._channels: list[Channel] = []

    def add(self, channel: Channel) -> None:
        """Let a channel hear changes; it is confirmed once the log was read after this."""
        self._channels.append(channel)

    def remove(self, channel: Channel) -> None:
        """Let it hear nothing more; unknown channels are ignored."""
        if channel in self._channels:
            self._channels.remove(channel)

    def end(self, channel: Channel, reason: str) -> None:
        """End a channel from the server's side."""
        self.remove(channel)
        channel.outlet.drop(channel)
        channel.system("error", "system", reason)
        channel.close()

    def end_all(self, reason: str) -> None:
        """End every channel that joined with a token; keys don't run out."""
        for channel in list(self._channels):
            if channel.caller.expires_at is not None:
                self.end(channel, reason)

    def broadcast(self, sender: Channel, payload: dict[str, Any]) -> None:
        """Pass a message to the other channels of the topic, and to its sender if it asked for that."""
        text = json.dumps(payload)
        for channel in self._channels:
            if channel.topic == sender.topic and (channel is not sender or sender.hears_itself):
                channel.send("broadcast", text)

    def stream_started(self) -> None:
        """Every subscription has a gap before this moment and is confirmed anew."""
        for channel in self._channels:
            channel.confirmed = False

    def waiting(self) -> list[Callable[[], None]]:
        """Confirmations to give once the log was read."""
        return [partial(self._confirm, c) for c in self._channels if c.bindings and not c.confirmed]

    async def deliver(self, changes: list[RowChange]) -> None:
        """Send each change to the channels that asked for it and may see it; end channels whose token ran out."""
        self._end_expired()
        # A new token may arrive while the rows are looked at: this delivery goes on with the claims of its start.
        channels = [(channel, channel.caller) for channel in self._channels if channel.bindings]
        if not changes or not channels:
            return
        seen = await self._visible(channels, changes)
        for number, change in enumerate(changes, 1):
            if number % _BREATH == 0:
                # A bulk change must not keep requests and heartbeats waiting.
                await asyncio.sleep(0)
            text = ""
            for channel, caller in channels:
                ids = [binding.id for binding in channel.bindings if binding.fits(change)]
                if not ids or channel not in self._channels:
                    continue
                if change.kind != "DELETE":
                    keys = seen[caller.claims_json, change.relation]
                    if keys is None:
                        channel.send("postgres_changes", changes_frame_payload(ids, unauthorized_json(change)))
                        continue
                    if change.key not in keys:
                        continue
                text = text or change_json(change)
                channel.send("postgres_changes", changes_frame_payload(ids, text))

    async def _visible(
        self, channels: list[tuple[Channel, Caller]], changes: list[RowChange]
    ) -> dict[tuple[str, Relation], frozenset[Key] | None]:
        """One question per distinct claims and table."""
        callers = {caller.claims_json: caller for _, caller in channels}
        wanted: dict[tuple[str, Relation], set[Key]] = defaultdict(set)
        for change in changes:
            if change.kind == "DELETE":
                continue
            for channel, caller in channels:
                if any(binding.fits(change) for binding in channel.bindings):
                    wanted[caller.claims_json, change.relation].add(change.key)
        return {
            (claims, relation): await visible_keys(self._database, callers[claims], relation, sorted(keys))
            for (claims, relation), keys in wanted.items()
        }

    def _confirm(self, channel: Channel) -> None:
        if channel in self._channels and not channel.confirmed:
            channel.confirmed = True
            channel.system("ok", "postgres_changes", _CONFIRMED)

    def _end_expired(self) -> None:
        now = time.time()
        for channel in list(self._channels):
            ends = channel.caller.expires_at
            if ends is not None and ends <= now:
                self.end(channel, f"Token has expired {int(now - ends)} seconds ago")
            elif self._tokens.has_ended(channel.caller.claims):
                self.end(channel, "Token has expired 0 seconds ago")
