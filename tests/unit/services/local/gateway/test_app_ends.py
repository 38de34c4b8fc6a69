"""A gateway whose start is called off, as by a database that doesn't come up, leaves nothing going."""

from __future__ import annotations

import asyncio

from aiohttp import web

from services.local.gateway.app import GatewayConfig, build_app
from tests.leaks.logs import Logged
from tests.waiting import until

NOWHERE = "postgresql://postgres@127.0.0.1:9/none?connect_timeout=1"


def test_a_start_that_is_called_off_lets_go_of_its_connections(logged: Logged) -> None:
    logged.allow("psycopg.pool", "Connection refused")

    async def suite() -> None:
        runner = web.AppRunner(build_app(GatewayConfig(NOWHERE, NOWHERE, "s" * 32, "key", "service")))
        starting = asyncio.ensure_future(runner.setup())
        mine = {asyncio.current_task(), starting}
        await until(lambda: asyncio.all_tasks() != mine)
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        await runner.cleanup()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(suite())
