"""Each import contract is kept, and breaks when its rule is broken on purpose."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from grimp import ImportGraph
from importlinter import configuration
from importlinter.application import use_cases
from importlinter.domain.contract import Contract, registry

ROOT = Path(__file__).resolve().parents[2]
configuration.configure()

PLANTED = {
    "storeys": ("app.store.store", "widgets.main_window"),
    "app-rooms": ("app.store.store", "app.sync.engine"),
    "services-rooms": ("services.domain.records", "services.settings"),
    "widgets-rooms": ("widgets.parts.table", "widgets.pages.jobs"),
    "qt-free": ("app.store.store", "PySide6"),
    "network-free": ("app.models.lines", "httpx"),
    "widgets-diet": ("widgets.pages.jobs", "app.sync.engine"),
    "one-hand-writes": ("app.store.store", "services.ports.wishes"),
    "clients-at-the-door": ("app.actions.jobs", "services.clients.sqs"),
    "pipeline-strangers": ("services.pipeline.subscriber", "services.pipeline.worker"),
    "pages-strangers": ("widgets.pages.jobs", "widgets.pages.runs"),
    "parts-blind": ("widgets.parts.table", "app.store.store"),
    "home-supabase": ("services.pipeline.worker", "supabase"),
    "home-aws": ("services.clients.brain", "boto3"),
    "home-playwright": ("services.pipeline.flow", "playwright"),
    "home-postgres": ("services.clients.sqs", "psycopg"),
    "home-servers": ("services.submission.process", "aiohttp"),
}
"""For each contract one import that it must forbid: from, to."""


def read_contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


CONTRACTS = {contract["id"]: contract for contract in read_contracts()}


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    import grimp

    return grimp.build_graph("widgets", "app", "services", "resources", include_external_packages=True, cache_dir=None)


def make(contract_id: str) -> Contract:
    options = use_cases.read_user_options(str(ROOT / "pyproject.toml"))
    use_cases._register_contract_types(options)
    for entry in options.contracts_options:
        if entry["id"] == contract_id:
            kind = registry.get_contract_class(entry["type"])
            return kind(name=entry["name"], session_options=options.session_options, contract_options=entry)
    raise KeyError(contract_id)


def kept(contract_id: str, graph: ImportGraph) -> bool:
    return bool(make(contract_id).check(copy.deepcopy(graph), verbose=False).kept)


def test_every_contract_has_a_planted_violation() -> None:
    assert set(PLANTED) == set(CONTRACTS)


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_contract_is_kept(contract_id: str, graph: ImportGraph) -> None:
    assert kept(contract_id, graph)


@pytest.mark.parametrize("contract_id", PLANTED)
def test_planted_violation_breaks_it(contract_id: str, graph: ImportGraph) -> None:
    importer, imported = PLANTED[contract_id]
    assert importer in graph.modules, f"{importer} is gone: plant the violation elsewhere"
    broken = copy.deepcopy(graph)
    broken.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    assert not kept(contract_id, broken)


@pytest.mark.parametrize("folder", ["app", "widgets", "services", "resources"])
def test_every_folder_with_code_is_a_package(folder: str) -> None:
    # The import rules skip a folder without __init__.py in silence.
    for file in (ROOT / folder).rglob("*.py"):
        assert (file.parent / "__init__.py").exists(), file
