"""What a project has, asked over the wire: by its own word, and by trials where it has none."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from resources import ROOT
from services.clients.supabase_project import SupabaseProject
from services.domain.errors import NotPermitted
from services.domain.project import ProjectFacts, lacking
from services.local.postgres import Postgres
from tests.contract.clients.test_reads import signed_in

pytestmark = pytest.mark.stack


def facts(server: Postgres, name: str = "viewer") -> ProjectFacts:
    async def ask() -> ProjectFacts:
        async with signed_in(server, name) as session:
            return await SupabaseProject(session).facts()

    return asyncio.run(ask())


def test_our_own_schema_lacks_nothing_and_only_staff_are_told(server: Postgres) -> None:
    found = facts(server)
    assert (lacking(found), found.unsure) == ([], "")
    with pytest.raises(NotPermitted):
        facts(server, "customer")


def test_what_was_taken_away_is_found_either_way(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("alter table worker_heartbeats rename to heartbeats_away")
    owner.execute("alter table jobs rename progress to progress_away")
    owner.execute("alter function staff_declare_outcome rename to declare_away")
    owner.execute("drop policy staff_read on customers")
    owner.execute("alter publication supabase_realtime drop table outbox")
    visible = [("table", "worker_heartbeats"), ("column", "jobs.progress"), ("function", "staff_declare_outcome")]
    told = [("policy", "customers: staff may read"), ("publication", "outbox")]
    try:
        assert {(lack.kind, lack.name) for lack in lacking(facts(server))} == {*visible, *told}
        owner.execute("drop function project_facts")
        tried = facts(server, "operator")
        assert {(lack.kind, lack.name) for lack in lacking(tried)} == set(visible)
        assert "0007_project_facts.sql" in tried.unsure
        assert owner.execute("select count(*) from staff_actions").fetchone() == (0,)
    finally:
        owner.execute("alter table heartbeats_away rename to worker_heartbeats")
        owner.execute("alter table jobs rename progress_away to progress")
        owner.execute("alter function declare_away rename to staff_declare_outcome")
        for file in ("0002_access.sql", "0007_project_facts.sql"):
            owner.execute((ROOT / "schema" / file).read_bytes())


def test_a_bucket_or_a_right_in_it_that_is_missing_is_found(server: Postgres, owner: psycopg.Connection) -> None:
    def lacks() -> list[tuple[str, str]]:
        return [(lack.kind, lack.name) for lack in lacking(facts(server))]

    owner.execute("drop policy staff_see_pictures on storage.objects")
    owner.execute("create policy of_others on storage.objects for select to authenticated using (bucket_id = 'other')")
    try:
        assert lacks() == [("policy", "screenshots: staff may see")]
        owner.execute("create policy of_all on storage.objects for select to authenticated using (owner_id is null)")
        assert lacks() == []
        owner.execute("revoke insert on storage.objects from authenticated")
        assert lacks() == [("policy", "screenshots: staff may add")]
        owner.execute("delete from storage.objects")
        owner.execute("delete from storage.buckets where id = 'screenshots'")
        assert lacks() == [("bucket", "screenshots")]
    finally:
        owner.execute("grant insert on storage.objects to authenticated")
        owner.execute("drop policy if exists of_all on storage.objects")
        owner.execute("drop policy of_others on storage.objects")
        owner.execute((ROOT / "schema" / "0010_pictures.sql").read_bytes())


def test_a_function_that_tells_nothing_of_pictures_says_so(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("alter schema storage rename to storage_away")
    try:
        assert [(lack.kind, lack.name) for lack in lacking(facts(server))] == [("bucket", "screenshots")]
    finally:
        owner.execute("alter schema storage_away rename to storage")
    owner.execute("drop function project_facts")
    owner.execute(
        "create function project_facts() returns jsonb language sql as"
        """ 'select ''{"tables": {}, "functions": []}''::jsonb'"""
    )
    try:
        assert "0007_project_facts.sql" in facts(server).unsure
    finally:
        owner.execute("drop function project_facts")
        owner.execute((ROOT / "schema" / "0007_project_facts.sql").read_bytes())


def test_a_table_that_is_closed_is_no_missing_table(server: Postgres, owner: psycopg.Connection) -> None:
    owner.execute("drop function project_facts")
    owner.execute("revoke select on jobs from authenticated")
    try:
        assert facts(server).closed == ["jobs"]
    finally:
        owner.execute("grant select on jobs to authenticated")
        owner.execute((ROOT / "schema" / "0007_project_facts.sql").read_bytes())
