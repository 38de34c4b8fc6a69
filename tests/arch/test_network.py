"""The rooms that decide and show reach no network: what they may lean on is a list, anything else is a question."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import grimp
import pytest

pytestmark = pytest.mark.unmeasured
ROOT = Path(__file__).resolve().parents[2]
ROOTS = ("app", "widgets", "services", "resources")
QUIET = ("widgets", "app.models", "app.store", "app.sync", "app.replay", "app.actions", "app.desk", "services.domain")
LIBRARIES = {"PySide6", "shiboken6", "msgspec", "pyqtgraph"}
NETWORK = {"socket", "socketserver", "ssl", "http", "ftplib", "smtplib", "imaplib", "poplib", "telnetlib", "xmlrpc"}
PROCESSES = {"subprocess", "multiprocessing", "pty"}
STREAMS = {"open_connection", "open_unix_connection", "start_server", "create_connection", "create_server", "urlopen"}
"""Ways to a network that hide in modules which also have other uses."""


@pytest.mark.parametrize("room", QUIET)
def test_a_quiet_room_leans_on_what_is_listed(room: str) -> None:
    graph = grimp.build_graph(*ROOTS, include_external_packages=True, cache_dir=None)
    outside = {name for name in graph.find_upstream_modules(room, as_package=True) if name.split(".")[0] not in ROOTS}
    assert outside, "nothing was looked at"
    assert not outside - LIBRARIES - sys.stdlib_module_names
    assert not outside & (NETWORK | PROCESSES)


def calls_out(source: str) -> list[int]:
    """Lines that name a way to a network or start a process."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and (node.attr in STREAMS or node.attr.startswith("create_subprocess")))
        or (isinstance(node, ast.ImportFrom) and node.module in ("urllib.request", "urllib.error"))
        or (isinstance(node, ast.Import) and any(name.name == "urllib.request" for name in node.names))
        or (isinstance(node, ast.ImportFrom) and node.module == "PySide6.QtNetwork")
    ]


def test_no_quiet_file_opens_a_stream() -> None:
    for room in QUIET:
        folder = ROOT / room.replace(".", "/")
        files = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]
        assert files
        for file in files:
            assert not calls_out(file.read_text()), file


@pytest.mark.parametrize(
    "code",
    [
        "import asyncio\nasyncio.open_connection('h', 1)",
        "import asyncio\nasyncio.create_subprocess_exec('ls')",
        "from urllib.request import urlopen",
        "import urllib.request",
        "from PySide6.QtNetwork import QTcpSocket",
    ],
)
def test_each_way_out_is_seen(code: str) -> None:
    assert calls_out(code)
