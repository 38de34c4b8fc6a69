"""Each import contract is kept, and breaks when its rule is broken on purpose."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import tomllib
from pathlib import Path
from typing import Any

import pytest
from grimp import ImportGraph
from importlinter import configuration
from importlinter.application import use_cases
from importlinter.domain.contract import Contract, registry

pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).resolve().parents[2]
configuration.configure()
ROOTS = ("app", "widgets", "services", "resources")

OUTSIDERS = {
    "one-hand-writes": "widgets.pages.jobs",
    "clients-at-the-door": "app.actions.jobs",
    "home-supabase": "services.pipeline.worker",
    "home-http": "services.pipeline.worker",
    "home-aws": "services.clients.brain",
    "home-playwright": "services.pipeline.flow",
    "home-captchas": "services.pipeline.worker",
    "home-postgres": "services.clients.sqs",
    "home-servers": "services.submission.process",
    "home-qasync": "app.console",
    "home-pyqtgraph": "widgets.pages.overview.rates",
    "home-dotenv": "services.log",
    "home-tokens": "services.clients.brain",
}
"""For each contract that protects something, a module that may not import it."""

KNOWN = {
    ("app.store.store", "widgets.main_window"): "storeys",
    ("services.settings", "app.tasks"): "storeys",
    ("services.local.parts", "services.pipeline.brain"): "services-rooms",
    ("services.pipeline.brain", "services.local.parts"): "services-rooms",
    ("services.domain.records", "services.settings"): "services-rooms",
    ("services.domain.records", "resources"): "words-alone",
    ("app.store.store", "app.sync.engine"): "app-rooms",
    ("app.failures", "app.sitting"): "app-rooms",
    ("app.local_stack", "app.premises"): "app-rooms",
    ("app.premises", "app.console"): "app-rooms",
    ("app.moves", "app.local_stack"): "app-rooms",
    ("app.door", "app.sitting"): "app-rooms",
    ("app.environments", "app.actions.sign_in"): "app-rooms",
    ("app.premises", "PySide6"): "qt-free",
    ("app.failures", "PySide6"): "qt-free",
    ("app.models.table_model", "httpx"): "network-free",
    ("app.sync.engine", "services.clients.supabase_feed"): "network-free",
    ("services.domain.records", "PySide6"): "qt-free",
    ("app.roles.watch", "PySide6"): "qt-free",
    ("app.sync.engine", "app.roles.watch"): "app-rooms",
    ("widgets.pages.jobs", "widgets.pages.runs.page"): "pages-strangers",
    ("widgets.pages.job.page", "app.sync.engine"): "widgets-diet",
    ("widgets.parts.table", "widgets.pages.jobs"): "widgets-rooms",
    ("widgets.desk_pages", "widgets.console_window"): "widgets-rooms",
    ("app.store.store", "services.ports.wishes"): "one-hand-writes",
    ("app.models.table_model", "services.clients.sqs"): "clients-at-the-door",
}
"""The rules as people say them: an import that must never be, and the contract that forbids it."""

INDIRECT = [
    ("network-free", ("app.store.store", "services.program"), ("services.program", "httpx")),
    ("network-free", ("widgets.pages.jobs", "services.program"), ("services.program", "services.setup")),
    ("qt-free", ("app.actions.jobs", "app.desk"), ("app.desk", "PySide6")),
]
"""Two imports, each harmless to the contract by itself or planted below its rooms: only the chain is forbidden."""


def read_contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return contracts


CONTRACTS = {contract["id"]: contract for contract in read_contracts()}


@pytest.fixture(scope="module")
def graph() -> ImportGraph:
    import grimp

    return grimp.build_graph(*ROOTS, include_external_packages=True, cache_dir=None)


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


def plants(contract: dict[str, Any]) -> list[tuple[str, str]]:
    """Imports that `contract` must forbid, from its own words: each room, each name in it, is tried."""
    match contract["type"]:
        case "forbidden":
            sources, targets = contract["source_modules"], contract["forbidden_modules"]
            return [*((source, targets[0]) for source in sources), *((sources[0], target) for target in targets)]
        case "protected":
            return [(OUTSIDERS[contract["id"]], target) for target in contract["protected_modules"]]
        case "independence":
            return list(itertools.permutations(contract["modules"], 2))
        case "layers":
            prefix = "".join(f"{container}." for container in contract.get("containers", ()))
            floors = [[prefix + room.strip() for room in layer.split("|")] for layer in contract["layers"]]
            siblings = [pair for floor in floors for pair in itertools.permutations(floor, 2)]
            return siblings + [
                (low, high) for upper, lower in itertools.pairwise(floors) for high in upper for low in lower
            ]
    raise AssertionError(f"no plants for contracts of type {contract['type']}")


def spelled_out(graph: ImportGraph, modules: list[str]) -> list[str]:
    """`modules` with "a.*" as each child of a."""
    return [
        found
        for module in modules
        for found in (sorted(graph.find_children(module[:-2])) if module.endswith(".*") else [module])
    ]


def inside(graph: ImportGraph, module: str) -> str:
    """A module somewhere in `module`: a rule for a room must hold in its corners."""
    return max(_descendants(graph, module), default=module)


def with_import(graph: ImportGraph, *imports: tuple[str, str]) -> ImportGraph:
    """A copy of `graph` that has `imports` as well."""
    more = copy.deepcopy(graph)
    for importer, imported in imports:
        more.add_import(importer=importer, imported=imported, line_number=1, line_contents=f"import {imported}")
    return more


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_contract_is_kept(contract_id: str, graph: ImportGraph) -> None:
    assert kept(contract_id, graph)


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_each_room_and_each_name_of_it_breaks_it(contract_id: str, graph: ImportGraph) -> None:
    contract = dict(CONTRACTS[contract_id])
    if "modules" in contract:
        contract["modules"] = spelled_out(graph, contract["modules"])
    planted = plants(contract)
    assert planted
    for importer, imported in planted:
        pair = inside(graph, importer), inside(graph, imported)
        assert not kept(contract_id, with_import(graph, pair)), f"{pair[0]} may import {pair[1]}"


@pytest.mark.parametrize(("pair", "contract_id"), KNOWN.items(), ids=lambda value: str(value))
def test_a_rule_as_people_say_it(pair: tuple[str, str], contract_id: str, graph: ImportGraph) -> None:
    assert pair[0] in graph.modules, f"{pair[0]} is gone: plant the violation elsewhere"
    assert not kept(contract_id, with_import(graph, pair))


@pytest.mark.parametrize(("contract_id", "first", "second"), INDIRECT)
def test_a_way_round_breaks_it_too(
    contract_id: str, first: tuple[str, str], second: tuple[str, str], graph: ImportGraph
) -> None:
    assert not kept(contract_id, with_import(graph, first, second))


@pytest.mark.parametrize("contract_id", CONTRACTS)
def test_what_it_names_exists(contract_id: str, graph: ImportGraph) -> None:
    # A name with a slip in it forbids nothing, and the contract is kept for ever.
    contract = CONTRACTS[contract_id]
    named = [
        name for key in ("source_modules", "forbidden_modules", "protected_modules") for name in contract.get(key, [])
    ]
    assert set(spelled_out(graph, contract.get("modules", []))) <= graph.modules
    for name in named:
        known = name in graph.modules or (name.split(".")[0] not in ROOTS and importlib.util.find_spec(name))
        assert known, f"{contract_id} names {name}"


@pytest.mark.parametrize("contract_id", [one for one in CONTRACTS if CONTRACTS[one]["type"] == "protected"])
def test_it_lets_nobody_in_who_does_not_come(contract_id: str, graph: ImportGraph) -> None:
    contract = CONTRACTS[contract_id]
    for allowed in contract["allowed_importers"]:
        rooms = {allowed, *graph.find_descendants(allowed)}
        targets = {inner for name in contract["protected_modules"] for inner in (name, *_descendants(graph, name))}
        used = any(rooms & graph.find_modules_that_directly_import(target) for target in targets)
        assert used, f"{allowed} imports none of {contract['protected_modules']}"


def _descendants(graph: ImportGraph, module: str) -> set[str]:
    return graph.find_descendants(module) if module.split(".")[0] in ROOTS else set()  # other people's are one lump


def test_rooms_of_app_without_qt_are_all_named() -> None:
    rooms = {layer.strip() for floor in CONTRACTS["app-rooms"]["layers"] for layer in floor.split("|")}
    sources = {name.removeprefix("app.") for name in CONTRACTS["qt-free"]["source_modules"] if name.startswith("app.")}
    assert rooms - sources == {"sitting", "door", "console", "first_paint", "loop", "models"}
