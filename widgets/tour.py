"""Drives the real window through its journey, and asks a witness whether each thing really happened."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.desk import Desk
from app.store.lines import JobLine
from services.domain.faults import person_needed
from widgets.console_window import ConsoleWindow
from widgets.look import theme
from widgets.parts.button import Button
from widgets.parts.sheet import ConfirmSheet


class Witness(Protocol):
    """What the database, the queues and the practice directories say, asked past the console. Calls block."""

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]: ...

    def queue_count(self, name: str) -> int: ...

    def practice_log(self, host: str) -> list[dict[str, Any]]: ...

    def switch(self, host: str, mode: str) -> None: ...


class NotSeen(AssertionError):
    """A step did not happen, or not as the witness says."""


class Tour:
    """Steps in order; the first that fails ends the tour. `run` returns the exit code."""

    def __init__(self, window: ConsoleWindow, desk: Desk, witness: Witness, out: Path) -> None:
        self._window = window
        self._desk = desk
        self._witness = witness
        self._out = out
        self._pictures = 0
        self._retried: JobLine | None = None

    async def run(self) -> int:
        """All steps, with a line of progress each and a summary."""
        self._out.mkdir(parents=True, exist_ok=True)
        self._window.window().resize(1440, 900)
        steps: list[tuple[str, Callable[[], Awaitable[str]]]] = [
            ("Signed in, and live", self._signed_in),
            ("Jobs: every row of the database", self._jobs),
            ("Jobs: search by name, e-mail and id", self._search),
            ("Jobs: bars move without a refresh", self._moving),
            ("Overview: counts equal the database", self._overview),
            ("Job: hops, directories, pictures", self._job),
            ("Retry failed: only those directories run", self._retry),
            ("Dead letters: one click replays one", self._replay),
            ("Runs: a dry run sends nothing", self._dry_run),
            ("Runs: a real run writes the outcome", self._real_run),
            ("Every page in dark", self._dark),
        ]
        self._say(f"Tour of {len(steps)} steps; pictures go to {self._out.resolve()}")
        for number, (title, step) in enumerate(steps, 1):
            began = time.monotonic()
            try:
                words = await step()
            except Exception as error:
                self._picture("failed")
                self._say(f"[{number:>2}/{len(steps)}] {title}: FAILED, {error}")
                self._say(f"{number - 1} of {len(steps)} steps were seen to happen.")
                return 1
            self._say(f"[{number:>2}/{len(steps)}] {title}: {words} ({time.monotonic() - began:.1f} s)")
        self._say(f"All {len(steps)} steps were seen to happen; {self._pictures} pictures.")
        return 0

    # The steps

    async def _signed_in(self) -> str:
        users = await self._ask("select app_metadata ->> 'role' from auth.users where email = %s", self._desk.who)
        self._check(users == [(self._desk.role,)], f"the database knows {self._desk.who} as {users}")
        await self._until(lambda: self._desk.store.link.live, 30, "the link is live")
        return f"{self._desk.who}, {self._desk.role}"

    async def _jobs(self) -> str:
        self._window.show_page("jobs")
        count = (await self._ask("select count(*) from jobs"))[0][0]
        await self._until(lambda: self._window.jobs.model.rowCount() == count, 15, f"{count} rows")
        await self._until(
            lambda: self._truly("select 1 from jobs where status in ('completed', 'failed') limit 1"),
            120,
            "a job that has ended",
        )
        await self._frames()
        self._picture("jobs")
        return f"{count} rows"

    async def _search(self) -> str:
        rows = await self._ask(
            "select j.id::text, c.business_name, c.email from jobs j join customers c on c.id = j.customer_id"
            " order by j.id limit 1"
        )
        job_id, name, email = rows[0]
        box, model = self._window.jobs.search, self._window.jobs.model
        for text in (name, email, job_id):
            box.set_text(text)
            truth = await self._ask(
                "select count(*) from jobs j join customers c on c.id = j.customer_id where"
                " position(lower(%s) in lower(concat_ws(' ', business_name, email, c.customer_id, j.id, c.id))) > 0",
                text,
            )
            self._check(model.rowCount() == truth[0][0] > 0, f"{text!r} gives {model.rowCount()}, truth {truth[0][0]}")
        box.set_text("")
        return f"{name!r}, {email!r} and an id found"

    async def _moving(self) -> str:
        lines = self._desk.store.jobs.lines
        before = {key: line.done for key, line in lines.items()}
        moved = await self._until(
            lambda: next((key for key, line in lines.items() if line.done > before.get(key, 0)), None),
            90,
            "a bar moves",
        )
        line = lines[moved]
        done = await self._ask("select directories_done from jobs where id = %s", moved)
        self._check(done[0][0] >= line.done, f"the screen says {line.done}, the database {done[0][0]}")
        return f"{line.business}: {before[moved]} to {line.done} of {line.total}"

    async def _overview(self) -> str:
        self._window.show_page("overview")
        truth: dict[str, int] = {}

        async def equal() -> bool:
            truth.clear()
            truth.update(dict(await self._ask("select status, count(*) from jobs group by status")))
            counts = self._desk.store.counts()
            names = ("pending", "in_progress", "completed", "failed", "paused")
            return all(getattr(counts, name) == truth.get(name, 0) for name in names)

        await self._until(equal, 20, "the counts equal the database")
        await asyncio.sleep(0.5)  # the charts draw at most four times a second
        self._picture("overview")
        return ", ".join(f"{name} {count}" for name, count in sorted(truth.items()))

    async def _job(self) -> str:
        # A job that ended and has directories that failed by their site's switch can succeed when the switch is off.
        self._retried = await self._until(self._retryable, 240, "an ended job with failed directories")
        line = self._retried
        self._window.open_job(line.id)
        await self._frames()
        truth = await self._ask("select count(*) from directory_submissions where submission_queue_id = %s", line.id)
        shown = self._window.job.directories.model.rowCount()
        self._check(shown == truth[0][0], f"{shown} directories shown, {truth[0][0]} in the database")
        taken = [one for one in self._desk.store.jobs.directories(line.id) if one.screenshot_url]
        self._check(bool(taken), "no directory has a picture")
        where = taken[0].screenshot_url
        self._check(self._desk.pictures.owns(where), f"the picture is not in the project's storage: {where}")
        directories, beside = self._window.job.directories, self._window.job.inspector.picture
        directories.table.go_to(directories.model.row_of(taken[0].host))
        await self._until(beside.picture.has_picture, 30, "the picture of a directory")
        self._picture("job")
        return f"{line.business}: {shown} directories, {line.failed} failed"

    async def _retry(self) -> str:
        line = self._retried
        assert line is not None
        failed = {one.host for one in self._desk.store.jobs.directories(line.id) if one.outcome == "failed"}
        last = (await self._ask("select coalesce(max(id), 0) from queue_history"))[0][0]
        posts = {host: await self._posts(host) for host in failed}
        for host in failed:
            await asyncio.to_thread(self._witness.switch, host, "ok")
        self._window.job.retry_button.click()
        await self._frames()
        sheet = self._window.findChild(ConfirmSheet)
        if sheet is not None:
            self._picture("retry-sheet")
            for box in sheet.findChildren(QLineEdit):
                box.setText("The sites are well again")
            next(button for button in sheet.findChildren(Button) if button.words().startswith("Retry")).click()
        await self._until(
            lambda: self._truly(
                "select 1 from queue_history where job_id = %s and id > %s and event = 'job_finalized'", line.id, last
            ),
            180,
            "the retried job ends again",
        )
        tried = await self._ask(
            "select distinct directory_name from queue_history where job_id = %s and id > %s and event = 'submitting'",
            line.id,
            last,
        )
        self._check({row[0] for row in tried} == failed, f"ran {tried}, wanted {failed}")
        sent = await self._ask("select 1 from outbox where job_id = %s and sent_at is not null and id > 0", line.id)
        self._check(bool(sent), "the relay has sent its message")
        good = {row[0] for row in await self._submitted(line.id)} & failed
        self._check(bool(good), "none of them was submitted")
        for host in good:
            more = await self._posts(host) - posts[host]
            self._check(more == 1, f"{host} saw {more} submissions")
        await self._until(
            lambda: (
                {one.host for one in self._desk.store.jobs.directories(line.id) if one.outcome == "submitted"} >= good
            ),
            10,
            "the rows changed on the screen",
        )
        await self._frames()
        self._picture("job-retried")
        return f"{len(failed)} run again, {len(good)} now submitted"

    async def _replay(self) -> str:
        letters = self._desk.dead_letters
        self._window.show_page("dead_letters")
        await self._until(lambda: letters.look.as_of is not None, 20, "the dead letter queue was looked at")
        before = await asyncio.to_thread(self._witness.queue_count, "DirectoryBolt-dlq")
        good = await self._until(
            lambda: next((line for line in letters.lines.values() if not letters.why_not_replay(line)), None),
            20,
            "a dead letter that may be replayed",
        )
        page = self._window.letters
        page.table.go_to(page.model.row_of(good.id))
        await self._frames()
        self._picture("dead-letters")
        page.replay_button.click()
        await self._until(lambda: letters.lines[good.id].doing == "planned", 5, "the time to undo")
        await self._frames()
        self._picture("dead-letters-undo")
        await self._until(lambda: good.id not in letters.lines, 40, "its row is gone")
        after = await asyncio.to_thread(self._witness.queue_count, "DirectoryBolt-dlq")
        self._check(after == before - 1, f"the queue had {before} and has {after}")
        await self._until(
            lambda: self._truly(
                "select 1 from queue_history where job_id = %s and event = 'flow_triggered'", good.job_id
            ),
            60,
            "its job is started",
        )
        return f"job {good.job_id[:8]} started, {after} left"

    async def _dry_run(self) -> str:
        line, host = await self._until(self._runnable, 240, "a failed directory to run here")
        before = await self._posts(host)
        self._window.prepare_run(line.id, host)
        await self._frames()
        self._window.runs.start(dry=True)
        await self._until(lambda: self._desk.runs.state.phase == "ended", 90, "the dry run ends")
        state = self._desk.runs.state
        await self._frames()
        self._picture("dry-run")
        self._check(state.verdict == "dry", f"it ended as {state.verdict}: {state.words}")
        self._check(bool(state.blocked), "nothing was held back")
        self._check(await self._posts(host) == before, f"{host} saw a submission")
        self._check(self._window.runs.has_picture(), "there is no picture")
        held = "1 request" if len(state.blocked) == 1 else f"{len(state.blocked)} requests"
        return f"{len(state.steps)} steps at {host}, {held} held back"

    async def _real_run(self) -> str:
        line, host = await self._until(self._runnable, 60, "a failed directory to run here")
        await asyncio.to_thread(self._witness.switch, host, "ok")
        before = await self._posts(host)
        self._window.prepare_run(line.id, host)
        self._window.runs.start(dry=False)
        await self._until(lambda: self._desk.runs.state.phase == "ended", 90, "the real run ends")
        state = self._desk.runs.state
        await self._frames()
        self._picture("real-run")
        rows = await self._ask(
            "select status, claim_owner from job_results where job_id = %s and directory_name = %s", line.id, host
        )
        wanted = "submitting" if state.verdict == "unknown" else state.verdict
        self._check(
            len(rows) == 1 and rows[0][0] == wanted and rows[0][1].startswith("staff:"),
            f"the screen says {state.verdict} ({state.words}), the database {rows}",
        )
        more = await self._posts(host) - before
        self._check(more == 1, f"{host} saw {more} submissions")
        return f"{host}: {state.verdict}, written under the claim of this desk"

    async def _dark(self) -> str:
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply("dark", application)
        pages = ("overview", "jobs", "job", "dead_letters", "runs", "activity", "health", "settings")
        for page in pages:
            self._window.show_page(page)
            await self._frames()
            self._picture(f"{page.replace('_', '-')}-dark")
        theme.apply("light", application)
        return f"{len(pages)} pages"

    # What they share

    def _retryable(self) -> JobLine | None:
        """The job with the most failures that another try can mend: a refused phone number or a captcha stays."""

        def mendable(line: JobLine) -> int:
            return sum(
                one.outcome == "failed" and "phone" not in one.words and not person_needed(one.error)
                for one in self._desk.store.jobs.directories(line.id)
            )

        ended = [line for line in self._desk.store.jobs.lines.values() if line.failed and line.ended]
        good = [line for line in ended if not self._desk.jobs.why_not_retry(line) and mendable(line)]
        return max(good, key=mendable, default=None)

    def _runnable(self) -> tuple[JobLine, str] | None:
        for line in self._desk.store.jobs.lines.values():
            if line.ended and (self._retried is None or line.id != self._retried.id):
                for one in self._desk.store.jobs.directories(line.id):
                    if one.outcome == "failed" and "phone" not in one.words and not person_needed(one.error):
                        return line, one.host
        return None

    async def _submitted(self, job_id: str) -> list[tuple[Any, ...]]:
        return await self._ask(
            "select directory_name from job_results where job_id = %s and status = 'submitted'", job_id
        )

    async def _posts(self, host: str) -> int:
        seen = await asyncio.to_thread(self._witness.practice_log, host)
        return sum(1 for request in seen if request["method"] == "POST")

    async def _ask(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(self._witness.query, statement, *values)

    async def _truly(self, statement: str, *values: object) -> bool:
        return bool(await self._ask(statement, *values))

    async def _until(self, condition: Callable[[], Any], limit: float, what: str) -> Any:
        deadline = time.monotonic() + limit
        while True:
            answer = condition()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise NotSeen(f"not within {limit:g} s: {what}")
            await asyncio.sleep(0.1)

    async def _frames(self) -> None:
        await asyncio.sleep(0.3)

    def _check(self, holds: bool, words: str) -> None:
        if not holds:
            raise NotSeen(words)

    def _picture(self, name: str) -> None:
        self._pictures += 1
        shown: QWidget = self._window.window()
        shown.grab().save(str(self._out / f"{self._pictures:02}-{name}.png"))

    def _say(self, words: str) -> None:
        sys.stdout.write(words + "\n")
        sys.stdout.flush()
