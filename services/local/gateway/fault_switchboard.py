"""The endpoints by which a test turns fault switches, open to the service key only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from aiohttp import web

from services.local.gateway.callers import key_caller
from services.local.gateway.channels import Channels
from services.local.gateway.errors import WireError
from services.local.gateway.faults import Faults
from services.local.gateway.realtime import Realtime
from services.local.gateway.tokens import Tokens

ABRUPT: Final = 1006
_CODES: Final = (1000, 1001, ABRUPT, 1012)


class FaultSwitchboard:
    """GET and PUT /_faults: the switches as JSON. POST /_faults/{act}: kill, resubscribe or expire, once."""

    def __init__(self, faults: Faults, channels: Channels, realtime: Realtime, tokens: Tokens) -> None:
        self._faults = faults
        self._channels = channels
        self._realtime = realtime
        self._tokens = tokens
        self._acts: dict[str, Callable[[dict[str, Any]], None]] = {
            "kill": self._kill,
            "resubscribe": self._resubscribe,
            "expire": self._expire,
        }

    def add_routes(self, app: web.Application) -> None:
        """Serve under /_faults."""
        app.router.add_get("/_faults", self._show)
        app.router.add_put("/_faults", self._switch)
        app.router.add_post("/_faults/{act}", self._act)

    async def _show(self, request: web.Request) -> web.Response:
        self._refuse_others(request)
        return web.json_response(msgspec.to_builtins(self._faults.switches))

    async def _switch(self, request: web.Request) -> web.Response:
        self._refuse_others(request)
        try:
            self._faults.switch(await request.read())
        except msgspec.DecodeError as error:
            raise WireError(400, {"message": str(error)}) from error
        return await self._show(request)

    async def _act(self, request: web.Request) -> web.Response:
        self._refuse_others(request)
        act = self._acts.get(request.match_info["act"])
        if act is None:
            raise WireError(404, {"message": f"The acts are {', '.join(self._acts)}."})
        try:
            act(msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any]))
        except (msgspec.DecodeError, ValueError) as error:
            raise WireError(400, {"message": str(error)}) from error
        return web.Response(status=204)

    def _kill(self, order: dict[str, Any]) -> None:
        """End every socket with `code`; 1006 is a connection that breaks without a word."""
        code = order.get("code", ABRUPT)
        if code not in _CODES:
            raise ValueError(f"code must be one of {_CODES}")
        self._realtime.kill(None if code == ABRUPT else code)

    def _resubscribe(self, order: dict[str, Any]) -> None:
        """Subscribe anew after `seconds` in which changes are lost."""
        seconds = order.get("seconds", 1.0)
        if not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
            raise ValueError("seconds must be 0 to 600")
        self._faults.resubscribe(seconds)

    def _expire(self, _: dict[str, Any]) -> None:
        """End the life of every access token that was issued so far."""
        self._tokens.expire_all()
        self._channels.end_all("Token has expired 0 seconds ago")

    def _refuse_others(self, request: web.Request) -> None:
        if key_caller(request, self._tokens).role != "service_role":
            raise WireError(403, {"message": "Fault switches need the service key."})
