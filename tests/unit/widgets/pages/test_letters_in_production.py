"""In production one dead letter is asked about as many are, with the environment's name to type."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLineEdit

from app import tasks
from tests.fakes.desk import DeskWorld
from tests.fakes.queues import FakeQueues
from tests.waiting import until
from widgets.pages.dead_letters import DeadLettersPage
from widgets.parts.button import Button


def test_one_letter_is_sent_after_the_name_was_typed(qt_app: QApplication, tmp_path: Path) -> None:
    body = json.dumps({"job_id": "j1", "customer_id": "c1", "package_size": 3})
    world = DeskWorld(tmp_path, FakeQueues({"m1": body}, time.time), time.time, "operator", environment="production")
    world.loaded("jobs", "directory_submissions", "job_results", "queue_history", "outbox")
    world.job("j1", "Old Mill Pizza", "pending")
    world.store.take_changed()

    async def act() -> None:
        await world.desk.dead_letters.scan()
        page = DeadLettersPage(world.desk)
        page.resize(1272, 810)
        page.show()
        page.frame()
        try:
            page.table.go_to(0)
            page.replay_button.click()
            assert page.sheet is not None
            assert world.desk.operations.newest_first() == []
            reason, name = [box for box in page.sheet.findChildren(QLineEdit) if box.isVisible()]
            confirm = next(part for part in page.sheet.findChildren(Button) if part.words().startswith("Replay 1"))
            reason.setText("the pool was down")
            assert not confirm.isEnabled()
            name.setText("PRODUCTION")
            confirm.click()
            await until(lambda: world.queues.sent == [body])
        finally:
            page.close()
            await tasks.shutdown()

    asyncio.run(act())
    world.close()
