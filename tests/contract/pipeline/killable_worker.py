"""A worker process of its own that hangs after it pressed submit on one host, so that a test can kill it there.

Arguments: database address, data folder, lease in seconds, the host's first name. Prints each host that it reaches.
"""

from __future__ import annotations

import asyncio
import sys
import threading

from services.pipeline.database import open_pool
from services.pipeline.worker import Worker
from services.settings import Settings
from services.submission.events import Report
from tests.contract.pipeline.running import Bench, Hang, Script


class Told(Hang):
    """Says on standard output that submit was pressed."""

    async def reach(self, script: Script, host: str, report: Report) -> None:
        print(host, flush=True)
        await super().reach(script, host, report)


def main(database_url: str, folder: str, lease: str, host: str) -> None:
    settings = Settings(
        database_url=database_url,
        data_dir=folder,
        heartbeat_seconds=0.2,
        worker_poll_seconds=0.05,
        flow_lease_seconds=float(lease),
    )
    bench = Bench(open_pool(database_url), settings, Script(**{host: [Told(after_submit=True)]}))
    worker = Worker(bench.runs("killed", float(lease)), bench.tools("killed"), "killed")
    asyncio.run(worker.work(threading.Event()))


if __name__ == "__main__":
    main(*sys.argv[1:])
