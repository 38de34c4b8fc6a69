"""The insides of the realtime client that our receive loop stands on."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from realtime import AsyncRealtimeChannel, AsyncRealtimeClient
from realtime.message import ServerMessageAdapter

from services.clients.realtime_socket import RealtimeSocket


def test_the_library_is_the_one_whose_insides_are_known() -> None:
    assert version("realtime") == "2.34.1"


def test_the_library_s_insides_are_as_they_were() -> None:
    """When this fails: read what changed, compare with `RealtimeSocket`, then write the new sums here."""
    known: dict[Callable[..., Any], str] = {
        AsyncRealtimeClient._listen: "6120113bd0fe",
        AsyncRealtimeClient._on_connect: "12898c84afc7",
        AsyncRealtimeClient._set_channels_errored: "cf556dd13cb0",
        AsyncRealtimeClient.connect: "ff321a51ffea",
        AsyncRealtimeClient.close: "0ce666deacdc",
        AsyncRealtimeChannel._handle_message: "4bf908f8dd4a",
        AsyncRealtimeChannel._prepare_join: "e3998c370f05",
        AsyncRealtimeChannel.on_close: "9bfcb96c5486",
        AsyncRealtimeChannel.on_error: "49675f428507",
    }
    found = {each: hashlib.sha256(inspect.getsource(each).encode()).hexdigest()[:12] for each in known}
    assert {each.__qualname__: total for each, total in found.items()} == {
        each.__qualname__: total for each, total in known.items()
    }


def test_the_private_names_exist() -> None:
    client = RealtimeSocket("http://127.0.0.1:1/realtime/v1", "key", lambda _: None, lambda _: None)
    for name in ("_ws_connection", "_listen_task", "_heartbeat_task", "_make_ref", "_set_channels_errored"):
        assert hasattr(client, name), name
    channel = client.channel("a")
    for name in ("rejoin_timer", "join_push", "messages_waiting_for_ack", "_handle_message"):
        assert hasattr(channel, name), name
    assert not client.listening
    assert callable(ServerMessageAdapter.validate_json)
