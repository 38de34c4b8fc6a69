"""The WebSocket endpoint: joins, leaves, tokens and heartbeats of Phoenix channels."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import WSCloseCode, WSMsgType, web

from services.local.gateway import phoenix
from services.local.gateway.bindings import Binding, BindingError, binding_id, parse_binding
from services.local.gateway.callers import key_caller
from services.local.gateway.channels import Channel, Channels
from services.local.gateway.tokens import TokenError, Tokens

_LARGEST_FRAME: Final = 6 * 1024 * 1024
_MOST_WAITING: Final = 50_000


class Realtime:
    """All open sockets."""

    def __init__(self, channels: Channels, tokens: Tokens, reached: Callable[[], Awaitable[None]]) -> None:
        """`reached` returns when what a client sends may be heard, and what is queued for it may be sent."""
        self._channels = channels
        self._tokens = tokens
        self._reached = reached
        self._sockets: dict[web.WebSocketResponse, web.Request] = {}
        self._closing: set[asyncio.Task[bool]] = set()

    async def websocket(self, request: web.Request) -> web.WebSocketResponse:
        """One client's connection, until it ends."""
        key_caller(request, self._tokens)
        version = request.query.get("vsn", "1.0.0")
        if version not in phoenix.VERSIONS:
            raise web.HTTPBadRequest(reason="unsupported vsn")
        key = request.headers.get("x-api-key") or request.headers.get("apikey") or request.query.get("apikey", "")
        ws = web.WebSocketResponse(timeout=2.0, heartbeat=30.0, max_msg_size=_LARGEST_FRAME)
        await ws.prepare(request)
        socket = Socket(ws, request, version, key, self._channels, self._tokens, self._reached)
        self._sockets[ws] = request
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(socket.write())
                async for message in ws:
                    await self._reached()
                    if message.type is WSMsgType.TEXT:
                        socket.receive(message.data)
                writer.cancel()
        finally:
            del self._sockets[ws]
            socket.forget()
        return ws

    async def close(self) -> None:
        """Tell every client that this service restarts."""
        for task in self._closing:
            task.cancel()
        closing = [ws.close(code=WSCloseCode.SERVICE_RESTART, message=b"restart") for ws in self._sockets]
        await asyncio.gather(*closing, return_exceptions=True)

    def kill(self, code: int | None) -> None:
        """End every socket: with a close code, or without a word."""
        loop = asyncio.get_running_loop()
        for ws, request in self._sockets.items():
            if code is not None:
                task = loop.create_task(ws.close(code=code), name="close a socket")
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
            elif request.transport is not None:
                request.transport.abort()


class Socket:
    """The protocol on one connection."""

    def __init__(
        self,
        ws: web.WebSocketResponse,
        request: web.Request,
        version: str,
        key: str,
        channels: Channels,
        tokens: Tokens,
        reached: Callable[[], Awaitable[None]],
    ) -> None:
        self._reached = reached
        self._ws = ws
        self._request = request
        self._version = version
        self._key = key
        self._all = channels
        self._tokens = tokens
        self._joined: dict[str, Channel] = {}
        self._waiting: deque[str] = deque()
        self._more = asyncio.Event()

    def push(self, topic: str, event: str, payload: str, *, ref: str | None, join_ref: str | None) -> None:
        """Queue one frame. A client that reads too slowly loses its connection, not this process its memory."""
        if len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            if self._request.transport is not None:
                self._request.transport.abort()
            return
        self._waiting.append(phoenix.encode(self._version, topic, event, payload, ref=ref, join_ref=join_ref))
        self._more.set()

    def drop(self, channel: Channel) -> None:
        """Forget a channel that the server ended."""
        if self._joined.get(channel.topic) is channel:
            del self._joined[channel.topic]

    def forget(self) -> None:
        """The connection is gone."""
        for channel in self._joined.values():
            self._all.remove(channel)
        self._joined.clear()

    async def write(self) -> None:
        """Send what is queued, until cancelled or the connection is gone."""
        while True:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                await self._reached()
                try:
                    await self._ws.send_str(self._waiting.popleft())
                except ConnectionError:
                    return

    def receive(self, text: str) -> None:
        """Act on one frame; a frame that isn't Phoenix's is ignored."""
        try:
            frame = phoenix.decode(text, self._version)
        except phoenix.FrameError:
            return
        channel = self._joined.get(frame.topic)
        if frame.event == "phx_join":
            self._join(frame)
        elif frame.topic == "phoenix" and frame.event == "heartbeat":
            self._reply(frame, "ok", {})
        elif channel is None:
            self._reply(frame, "error", {"reason": "unmatched topic"})
        elif frame.event == "phx_leave":
            self._all.remove(channel)
            self.drop(channel)
            self._reply(frame, "ok", {}, channel)
            channel.close()
        elif frame.event == "access_token":
            self._renew(channel, frame.payload.get("access_token"))
        elif frame.event == "broadcast":
            self._all.broadcast(channel, frame.payload)
            if frame.ref is not None:
                self._reply(frame, "ok", {}, channel)

    def _join(self, frame: phoenix.Frame) -> None:
        config = frame.payload.get("config")
        config = config if isinstance(config, dict) else {}
        given = frame.payload.get("access_token")
        token = given if isinstance(given, str) and given else self._key
        join_ref = frame.join_ref or frame.ref
        try:
            caller = self._tokens.caller(token)
        except TokenError as error:
            self.push(
                frame.topic, "phx_reply",
                json.dumps({"status": "error", "response": {"reason": f"InvalidJWTToken: {error}"}}),
                ref=frame.ref, join_ref=join_ref,
            )  # fmt: skip
            return
        broadcast = config.get("broadcast")
        asked = config.get("postgres_changes")
        params = [each for each in asked if isinstance(each, dict)] if isinstance(asked, list) else []
        bindings, problem = _bindings(params)
        channel = Channel(
            self, frame.topic, join_ref, caller, token, bindings,
            hears_itself=isinstance(broadcast, dict) and bool(broadcast.get("self")),
        )  # fmt: skip
        old = self._joined.get(frame.topic)
        self._joined[frame.topic] = channel
        echoed = [{**each, "id": binding_id(each)} for each in params]
        self._reply(frame, "ok", {"postgres_changes": echoed}, channel)
        if old is not None:
            # Phoenix ends the older channel after it has answered the new join.
            self._all.remove(old)
            old.close()
        self._all.add(channel)
        if problem:
            channel.system("error", "postgres_changes", f"Unable to subscribe to changes: {problem}")

    def _renew(self, channel: Channel, token: Any) -> None:
        if token == channel.token:
            return
        try:
            channel.caller = self._tokens.caller(token if isinstance(token, str) else "")
        except TokenError as error:
            self._all.end(channel, f"InvalidJWTToken: {error}")
            return
        channel.token = token
        # The subscription is made again with the new claims, and confirmed again.
        channel.confirmed = False

    def _reply(
        self, frame: phoenix.Frame, status: str, response: dict[str, Any], channel: Channel | None = None
    ) -> None:
        join_ref = channel.join_ref if channel else frame.join_ref
        payload = json.dumps({"status": status, "response": response})
        self.push(frame.topic, "phx_reply", payload, ref=frame.ref, join_ref=join_ref)


def _bindings(params: list[dict[str, Any]]) -> tuple[list[Binding], str]:
    """The bindings, or none and why: one that can't be served spoils the subscription."""
    try:
        return [parse_binding(each) for each in params], ""
    except BindingError as error:
        return [], str(error)
