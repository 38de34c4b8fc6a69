"""A worker has captchas solved for money where it has a key, and for as long as an admin allows it."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from services.pipeline.database import Pool
from services.pipeline.job_rows import JobRows
from services.ports.wishes import CaptchaTerms
from services.settings import Settings
from tests.contract.pipeline.conftest import Records
from tests.contract.pipeline.running import Bench, Script

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def say(records: Records, act: str) -> None:
    records.ask(
        "insert into staff_actions (request_id, role, act, target, after)"
        " values (gen_random_uuid(), 'admin', %s, '2captcha', '{\"by\": \"admin@example.com\"}')",
        act,
    )


async def test_both_the_key_and_the_word_of_an_admin_are_needed(
    pool: Pool, settings_for: Callable[..., Settings], records: Records
) -> None:
    found = []
    for key, act in (("a-key", ""), ("", "allow_captchas"), ("a-key", ""), ("a-key", "forbid_captchas")):
        if act:
            say(records, act)
        script = Script()
        records.run_for(records.job(["a.localhost"]))
        assert await Bench(pool, settings_for(two_captcha_key=key), script).work()
        found += script.terms
    assert found == [None, None, CaptchaTerms("a-key", "admin@example.com"), None]


async def test_a_project_without_that_file_allows_nothing(pool: Pool, records: Records) -> None:
    records.ask("alter function private.captcha_permission() rename to captcha_permission_gone")
    try:
        assert JobRows(pool, "w-1").captchas_allowed_by() == ""
    finally:
        records.ask("alter function private.captcha_permission_gone() rename to captcha_permission")


async def test_a_directory_goes_on_without_where_the_database_does_not_say_it(
    pool: Pool, settings_for: Callable[..., Settings], records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: JobRows) -> str:
        raise psycopg.OperationalError("the connection is gone")

    monkeypatch.setattr(JobRows, "captchas_allowed_by", away)
    script = Script()
    records.run_for(records.job(["a.localhost"]))
    assert await Bench(pool, settings_for(two_captcha_key="a-key"), script).work()
    assert script.terms == [None]
