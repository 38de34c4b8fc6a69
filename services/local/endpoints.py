"""Gateway, queue and practice site in one process, each on its own loopback port (role `endpoints`)."""

from __future__ import annotations

import argparse
import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
from aiohttp import web

from services.domain.redaction import keep_out
from services.lifetime import stop_event
from services.local.gateway import app as gateway
from services.local.practice import app as practice
from services.local.queue import app as queue
from services.log import log_to_stderr
from services.program import usage_name


class Config(msgspec.Struct, forbid_unknown_fields=True):
    """The file given with --config, as `services.local.install` writes it. Without a port an endpoint isn't served."""

    database_url: str
    authenticator_url: str
    gateway_port: int | None
    queue_port: int | None
    practice_port: int | None
    jwt_secret: str
    publishable_key: str
    service_role_key: str
    practice_log: str


def run(argv: list[str]) -> int:
    """Serve until told to stop. Exit code 0; 2 for a bad configuration."""
    parser = argparse.ArgumentParser(prog=usage_name("endpoints"), description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON file that the stack writes")
    parser.add_argument("--end-with-parent", action="store_true", help="stop when standard input ends")
    args = parser.parse_args(argv)
    log_to_stderr("endpoints")
    try:
        config = msgspec.json.decode(args.config.read_bytes(), type=Config)
    except (OSError, msgspec.DecodeError) as error:
        parser.error(f"--config: {error}")
    keep_out(config.database_url, config.authenticator_url, config.jwt_secret, config.service_role_key)
    stop = stop_event(end_with_parent=args.end_with_parent)
    if sys.platform == "win32":
        # psycopg's async connections need a selector loop; this process starts no children.
        asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())
    asyncio.run(_serve(config, stop))
    return 0


async def _serve(config: Config, stop: threading.Event) -> None:
    runners: list[web.AppRunner] = []
    try:
        for app, port in _apps(config):
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            runners.append(runner)
            await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.to_thread(stop.wait)
    finally:
        for runner in reversed(runners):
            await runner.cleanup()


def _apps(config: Config) -> Iterator[tuple[web.Application, int]]:
    if config.gateway_port is not None:
        yield (
            gateway.build_app(
                gateway.GatewayConfig(
                    database_url=config.database_url,
                    authenticator_url=config.authenticator_url,
                    jwt_secret=config.jwt_secret,
                    publishable_key=config.publishable_key,
                    service_role_key=config.service_role_key,
                )
            ),
            config.gateway_port,
        )
    if config.queue_port is not None:
        yield queue.build_app(config.database_url, f"http://127.0.0.1:{config.queue_port}"), config.queue_port
    if config.practice_port is not None:
        yield practice.build_app(Path(config.practice_log)), config.practice_port
