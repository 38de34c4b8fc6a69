"""How soon a click on Replay shows on its row, and how soon after the time to undo the message is sent.

`python -m tests.bench.replay_click ORIGIN MAIN DLQ COUNT` works at the page, with journal and real queues, on a project
that nobody else works on; it prints {"click_ms": [...], "sent_ms": [...]}.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

from PySide6.QtWidgets import QApplication

from app import tasks
from app.loop import Closing, run_in_qt
from services.clients.sqs import SqsQueues
from services.ports.wishes import SentMessage
from services.settings import Settings
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until
from widgets.look import theme
from widgets.pages.dead_letters import DeadLettersPage

FRAME = 0.016


class Stopwatch:
    """The page of dead letters over real queues; `click_ms` and `sent_ms` grow with each `replay`."""

    def __init__(self, queues: SqsQueues, folder: Path) -> None:
        self.click_ms: list[float] = []
        self.sent_ms: list[float] = []
        self._sent: list[float] = []
        send = queues.send

        async def timed(body: str, attributes: Any, trace: str = "") -> SentMessage:
            answer = await send(body, attributes, trace)
            self._sent.append(time.perf_counter())
            return answer

        queues.send = timed  # type: ignore[method-assign]
        self._world = DeskWorld(folder, cast("FakeQueues", queues), time.time, "operator")
        self.letters = self._world.desk.dead_letters
        self.page = DeadLettersPage(self._world.desk)
        self.page.resize(1280, 800)
        self.page.show()

    async def replay(self) -> None:
        """One click on the row at the top, until its message is sent and the list was looked at again."""
        await until(lambda: self.letters.lines and not self.letters.look.looking)
        self.page.frame()
        key = next(iter(self.letters.lines))
        self.page.table.go_to(self.page.model.row_of(key))
        await asyncio.sleep(0.1)
        pressed = time.perf_counter()
        self.page.replay_button.click()
        # As the window's pump does: what the acts have changed is shown with the next frame.
        await asyncio.sleep(FRAME)
        assert self.letters.lines[key].doing == "planned"
        self.page.frame()
        self.page.table.viewport().repaint()
        self.click_ms.append((time.perf_counter() - pressed) * 1000)
        sent = len(self._sent)
        await until(lambda: len(self._sent) > sent)
        self.sent_ms.append((self._sent[-1] - pressed - self.letters.undo_seconds) * 1000)
        await until(lambda: key not in self.letters.lines)

    def close(self) -> None:
        """Close page and files."""
        self.page.close()
        self._world.close()


def main(origin: str, main_url: str, dlq_url: str, count: int) -> int:
    application = QApplication(sys.argv[:1])
    theme.apply("light", application)
    queues = SqsQueues(
        Settings(
            queue_url=main_url, dlq_url=dlq_url, sqs_endpoint=origin,
            aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="local-secret",
        )
    )  # fmt: skip

    async def life(_: Closing) -> int:
        with tempfile.TemporaryDirectory(prefix="replay-click-") as folder:
            watch = Stopwatch(queues, Path(folder))
            try:
                await watch.replay()  # imports and connections
                watch.click_ms.clear()
                watch.sent_ms.clear()
                for _turn in range(count):
                    await watch.replay()
            finally:
                await tasks.shutdown()
                watch.close()
        print(json.dumps({"click_ms": watch.click_ms, "sent_ms": watch.sent_ms}), flush=True)
        return 0

    try:
        return run_in_qt(application, life)
    finally:
        queues.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
