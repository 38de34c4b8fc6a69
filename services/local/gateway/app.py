"""The gateway as one aiohttp application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from services.local.gateway.auth import Auth
from services.local.gateway.channels import Channels
from services.local.gateway.config import GatewayConfig
from services.local.gateway.database import Database
from services.local.gateway.fault_switchboard import FaultSwitchboard
from services.local.gateway.faults import Faults
from services.local.gateway.feed import Feed
from services.local.gateway.guards import errors_as_json, only_local
from services.local.gateway.realtime import Realtime
from services.local.gateway.rest import Rest
from services.local.gateway.rpc import Rpc
from services.local.gateway.storage import Storage
from services.local.gateway.tokens import Tokens

__all__ = ["GatewayConfig", "build_app"]


def build_app(config: GatewayConfig) -> web.Application:
    """The application; it connects when it starts and lets go of everything when it is cleaned up."""
    tokens = Tokens(config)
    database = Database(config)
    channels = Channels(database, tokens)
    faults = Faults(channels)
    realtime = Realtime(channels, tokens, faults.reached)
    rest = Rest(config, database, tokens)
    rpc = Rpc(database, tokens)
    auth = Auth(config, database, tokens)
    feed = Feed(config.database_url, config.poll_seconds, faults)

    async def running(_: web.Application) -> AsyncIterator[None]:
        try:
            await database.open()
            await auth.recall_ended()
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(feed.run())
                yield
                reading.cancel()
        finally:
            await database.close()

    async def shutdown(_: web.Application) -> None:
        await realtime.close()

    app = web.Application(middlewares=[only_local, faults.cut, errors_as_json], client_max_size=config.max_body_bytes)
    app.cleanup_ctx.append(running)
    app.on_shutdown.append(shutdown)
    app.router.add_route("*", "/rest/v1/rpc/{function}", rpc.call)
    app.router.add_route("*", "/rest/v1/{table}", faults.around(rest.read))
    app.router.add_post("/auth/v1/token", auth.token)
    app.router.add_get("/auth/v1/user", auth.user)
    app.router.add_post("/auth/v1/logout", auth.logout)
    app.router.add_get("/auth/v1/health", auth.health)
    app.router.add_get("/realtime/v1/websocket", realtime.websocket)
    Storage(config, database, tokens).add_routes(app)
    FaultSwitchboard(faults, channels, realtime, tokens).add_routes(app)
    return app
