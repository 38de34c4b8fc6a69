"""The form of a sign-in: what it says of each field, what it asks outside and when, and where it leads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app import tasks
from app.actions.sign_in import SignInActs, Why
from app.environments import Environments
from app.moves import Become, Enter, Move
from services.domain.environments import Draft, Environment, Field, Said
from tests.fakes.doors import EMAIL, KEY, PASSWORD, QUEUE, URL, FakeDoor
from tests.waiting import until

RIGHT = Draft(url=URL, key=KEY, email=EMAIL, queue=QUEUE)
KEPT = Environment("main", "Main", "production", URL, KEY, EMAIL, QUEUE)


class Form:
    """The acts with all that they touch."""

    def __init__(self, folder: Path) -> None:
        self.door = FakeDoor()
        self.moves: list[Move] = []
        self.forgotten: list[str] = []
        self.changes = 0
        self.environments = Environments(folder / "environments.json")
        self.acts = SignInActs(
            self.door, self.environments, self.moves.append, self._forget,
            draft=Draft(), why=Why(), said={}, fixed={}, people=(), local=True, pause=0.0,
        )  # fmt: skip
        self.acts.on_change = self._changed

    def states(self) -> dict[Field, str]:
        return {field: said.state for field, said in self.acts.said.items() if said.state}

    def says(self, **states: str) -> Callable[[], bool]:
        return lambda: self.states() == states

    async def _forget(self, environment: Environment) -> None:
        self.forgotten.append(environment.id)

    def _changed(self) -> None:
        self.changes += 1


def run(folder: Path, suite: Callable[[Form], Awaitable[None]]) -> Form:
    async def act() -> Form:
        form = Form(folder)
        async with asyncio.timeout(30):
            await suite(form)
        await form.acts.close()
        await tasks.shutdown()
        assert form.door.closed
        return form

    return asyncio.run(act())


def test_all_that_is_right_is_said_to_be(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.acts.edit(RIGHT)
        assert not form.acts.local
        await until(form.says(url="ok", key="ok", queue="ok"))
        form.acts.edit(RIGHT._replace(password="x"))  # what is known isn't asked again
        assert form.states() == {"url": "ok", "key": "ok", "queue": "ok"}
        await until(lambda: not tasks.running())
        assert sorted(form.door.asked) == [f"find {URL}", f"key {KEY}", f"queue {QUEUE}"]

    assert run(tmp_path, suite).changes > 3


def test_what_stands_there_already_is_asked_about(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.acts.begin()
        form.acts.draft, form.acts.local = RIGHT, False
        form.acts.said["email"] = Said("wrong", "Of the error before.")
        form.acts.begin()
        await until(form.says(url="ok", key="ok", queue="ok", email="wrong"))

    run(tmp_path, suite)


def test_what_is_wrong_is_said_at_its_field(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        for draft, wanted in (
            (RIGHT._replace(url="x", queue=""), {"url": "wrong"}),
            (RIGHT._replace(url="http://a.example", queue=""), {"url": "wrong"}),
            (RIGHT._replace(url="https://other.example", queue=""), {"url": "wrong"}),
            (RIGHT._replace(key="sb_publishable_b"), {"url": "ok", "key": "wrong", "queue": "ok"}),
            (RIGHT._replace(key="sb_secret_b"), {"url": "ok", "key": "wrong", "queue": "ok"}),
            (RIGHT._replace(email="desk-2", key=""), {"url": "ok", "email": "wrong", "queue": "ok"}),
            (RIGHT._replace(key="", queue="https://queue.example/1/Other"), {"url": "ok", "queue": "wrong"}),
        ):
            form.acts.edit(draft)
            await until(form.says(**wanted))
        assert form.acts.said["queue"].words == "This queue does not exist. Check it."
        assert not any("sb_secret" in asked for asked in form.door.asked)

    run(tmp_path, suite)


def test_only_the_last_of_many_keys_is_asked_about(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        for end in range(8, len(URL) + 1):
            form.acts.edit(Draft(url=URL[:end]))
        await until(form.says(url="ok"))
        assert form.door.asked == [f"find {URL}"]

    run(tmp_path, suite)


def test_an_answer_to_what_stood_there_before_is_not_believed(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.door.may_answer.clear()
        form.acts.edit(Draft(url="https://other.example"))
        await until(form.says(url="asking"))
        form.acts.edit(Draft(url=URL))
        form.door.may_answer.set()
        await until(form.says(url="ok"))

    run(tmp_path, suite)


def test_where_nobody_answers_it_is_not_called_wrong_and_asked_again(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.door.gone = True
        form.acts.edit(Draft(url=URL, key=KEY))
        await until(form.says(url="unsure"))
        assert form.acts.said["url"].words == "Nothing answers there."
        form.door.gone = False
        form.acts.edit(Draft(url=URL, key=KEY, email="m"))
        await until(form.says(url="ok", key="ok", email="wrong"))

    run(tmp_path, suite)


def test_a_person_is_tried_once_for_each_password(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.acts.edit(RIGHT)
        form.acts.try_person()  # nothing is typed yet
        form.acts.edit(RIGHT._replace(password="wrong"))
        for _ in range(3):
            form.acts.try_person()
        await until(lambda: form.states().get("password") == "wrong")
        assert form.states()["email"] == "wrong"
        form.acts.edit(RIGHT._replace(password=PASSWORD))
        assert "password" not in form.states()
        form.acts.try_person()
        await until(lambda: form.states().get("password") == "ok")
        assert form.acts.said["password"].words == "Right: you are operator there."
        assert "email" not in form.states()
        assert [asked for asked in form.door.asked if asked.startswith("person")] == ["person wrong", "person right"]
        form.door.gone = True
        form.acts.edit(RIGHT._replace(password="later"))
        form.acts.try_person()
        await until(lambda: form.states().get("url") == "unsure")

    run(tmp_path, suite)


def test_what_is_still_needed_is_named_and_nobody_enters_without_it(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        assert (
            form.acts.why_not_enter()
            == "Still needed: the project's address, its publishable key, your e-mail address."
        )
        form.acts.edit(Draft(url=URL, key="sb_secret_x", email=EMAIL))
        assert "must never be on a desktop" in form.acts.why_not_enter()
        form.acts.enter()
        assert form.moves == []

    run(tmp_path, suite)


@pytest.mark.parametrize(("asked", "dead"), [(True, "https://queue.example/1/Dead"), (False, f"{QUEUE}-dlq")])
def test_who_enters_takes_the_dead_letters_of_the_queue_along(tmp_path: Path, asked: bool, dead: str) -> None:
    async def suite(form: Form) -> None:
        form.acts.edit(RIGHT)
        if asked:
            await until(form.says(url="ok", key="ok", queue="ok"))
        form.acts.enter()
        form.acts.become("desk-3@directory-bolt.example")
        form.acts.edit(RIGHT._replace(queue="", dead_letters="of before"))
        form.acts.enter()

    moves = run(tmp_path, suite).moves
    assert moves == [
        Enter(RIGHT._replace(dead_letters=dead)), Become("desk-3@directory-bolt.example"),
        Enter(RIGHT._replace(queue="")),
    ]  # fmt: skip


def test_the_list_fills_the_form_and_loses_what_is_removed(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.environments.keep(KEPT)
        assert [one.id for one in form.acts.environments] == ["main"]
        form.acts.choose(KEPT)
        assert (form.acts.draft.name, form.acts.draft.email, form.acts.draft.password) == ("Main", EMAIL, "")
        form.acts.choose_local()
        assert form.acts.local
        form.acts.add()
        assert (form.acts.draft, form.acts.local) == (Draft(), False)
        form.acts.choose(KEPT)
        form.acts.remove(KEPT)
        await until(lambda: form.forgotten == ["main"])
        assert not form.acts.environments
        assert (form.acts.draft, form.acts.trouble) == (Draft(), "")

    run(tmp_path, suite)


def test_a_removal_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    async def suite(form: Form) -> None:
        form.environments.keep(KEPT)
        (tmp_path / "environments.new").mkdir()
        form.acts.remove(KEPT)
        await until(lambda: form.acts.why.failed)
        assert "can't be written" in form.acts.why.sentence
        assert [one.id for one in form.acts.environments] == ["main"]
        assert not form.forgotten

    run(tmp_path, suite)
