"""What a project lacks, told from its facts."""

from __future__ import annotations

import pytest

from resources import ROOT
from services.domain.project import FUNCTIONS, TABLES, ProjectFacts, lacking
from tests.fakes.health import whole_project

WHOLE = whole_project()
NAMES = [need.name for need in TABLES]


def test_a_whole_project_lacks_nothing() -> None:
    assert lacking(WHOLE) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_table_that_is_missing_is_one_lack(name: str) -> None:
    (lack,) = lacking(whole_project(tables={key: columns for key, columns in WHOLE.tables.items() if key != name}))
    assert (lack.kind, lack.name) == ("table", name)
    assert lack.effect


def test_columns_functions_policies_and_live_tables_are_told_apart() -> None:
    tables = {**WHOLE.tables, "jobs": [column for column in WHOLE.tables["jobs"] if column not in ("progress", "id")]}
    found = lacking(
        whole_project(
            tables=tables, functions=WHOLE.functions[1:], guarded=NAMES[1:], readable=NAMES[:1] + NAMES[2:],
            published=[name for name in NAMES if name not in ("outbox", "staff_actions")],
        )
    )  # fmt: skip
    assert [(lack.kind, lack.name) for lack in found] == [
        ("policy", "customers: row-level security"), ("column", "jobs.id"), ("column", "jobs.progress"),
        ("policy", "jobs: staff may read"), ("publication", "outbox"), ("function", FUNCTIONS[0].name),
    ]  # fmt: skip


def test_what_is_not_known_is_not_lacking_and_what_is_closed_is() -> None:
    tables = {key: columns for key, columns in WHOLE.tables.items() if key != "jobs"}
    found = lacking(ProjectFacts(tables=tables, functions=WHOLE.functions, closed=["jobs"]))
    assert [(lack.kind, lack.name) for lack in found] == [("policy", "jobs: staff may read")]


def test_every_file_that_it_names_is_there() -> None:
    files = {lack.file for lack in lacking(ProjectFacts(tables={}, functions=[]))}
    files |= {lack.file for lack in lacking(whole_project(guarded=[]))}
    assert files
    assert all((ROOT / "schema" / file).is_file() for file in files)
