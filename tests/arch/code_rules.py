"""Rules about the code that no linter has: what each looks for, where, and lines that it must find."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

OURS: Final = ("main.py", "app", "widgets", "services", "resources")
CONSOLE: Final = ("app", "widgets")


@dataclass(frozen=True)
class Rule:
    """`find` gives what offends in the files of `where`.

    `plants` are sources that offend, `exempt` says which file may and why.
    """

    where: Sequence[str]
    find: Callable[[ast.Module], Iterator[ast.AST]]
    plants: Sequence[str]
    exempt: Mapping[str, str] = field(default_factory=dict)


@functools.cache
def nodes(tree: ast.Module) -> tuple[ast.AST, ...]:
    """All that it is made of; kept, since a dozen rules ask for it."""
    return tuple(ast.walk(tree))


def _called(tree: ast.Module, *names: str) -> Iterator[ast.Call]:
    """Calls of a function or a method by one of `names`."""
    for node in nodes(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in names:
                yield node


def _async_functions(tree: ast.Module) -> Iterator[ast.AST]:
    return (node for node in nodes(tree) if isinstance(node, ast.AsyncFunctionDef))


def _loops_of_its_own(tree: ast.Module) -> Iterator[ast.AST]:
    return (call for call in _called(tree, "exec", "exec_", "processEvents") if isinstance(call.func, ast.Attribute))


def _labels(tree: ast.Module) -> Iterator[ast.AST]:
    return _called(tree, "QLabel")


def _loose_words(tree: ast.Module) -> Iterator[ast.AST]:
    """Words that Qt, or what shows notifications, may take for markup."""
    for call in _called(tree, "setToolTip", "setWhatsThis", "setStatusTip", "showMessage", "showText", "notify"):
        if not any(ast.unparse(word).startswith("tip_text(") for word in call.args):
            yield call
    yield from _called(tree, "setHtml", "setMarkdown", "insertHtml", "appendHtml", "toHtml", "setWindowTitle")
    rich = ("QTextBrowser", "QTextEdit", "QTextDocument", "RichText", "MarkdownText", "AutoText", "QSystemTrayIcon")
    for node in nodes(tree):
        if getattr(node, "attr", getattr(node, "id", "")) in rich:
            yield node


def _raw_texts(tree: ast.Module) -> Iterator[ast.AST]:
    """Several lines of somebody else's that nobody looked through."""
    for call in _called(tree, "setPlainText", "appendPlainText", "insertPlainText"):
        if not (call.args and ast.unparse(call.args[0]).startswith(("raw_words(", "plain_lines(", "plain("))):
            yield call


def _ways_out(tree: ast.Module) -> Iterator[ast.AST]:
    """What opens an address in another program, or lets Qt do so by itself."""
    yield from _called(tree, "setOpenExternalLinks", "setOpenLinks", "startfile")
    for node in nodes(tree):
        name = getattr(node, "attr", getattr(node, "id", getattr(node, "name", "")))
        if name in ("QDesktopServices", "openUrl", "webbrowser"):
            yield node


def _clipboards(tree: ast.Module) -> Iterator[ast.AST]:
    return _called(tree, "clipboard")


def _blocking_sleeps(tree: ast.Module) -> Iterator[ast.AST]:
    return (call for call in _called(tree, "sleep") if ast.unparse(call.func) in ("sleep", "time.sleep"))


def _tasks_outside_groups(tree: ast.Module) -> Iterator[ast.Call]:
    """Tasks that no `async with asyncio.TaskGroup() as group` awaits."""
    groups = {
        ast.unparse(item.optional_vars)
        for node in nodes(tree)
        if isinstance(node, ast.AsyncWith)
        for item in node.items
        if item.optional_vars and ast.unparse(item.context_expr) in ("asyncio.TaskGroup()", "TaskGroup()")
    }
    for call in _called(tree, "create_task", "ensure_future", "run_coroutine_threadsafe"):
        if not (isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) in groups):
            yield call


def _loose_tasks(tree: ast.Module) -> Iterator[ast.AST]:
    """Tasks outside groups that aren't both named and kept in a variable."""
    kept = {id(node.value) for node in nodes(tree) if isinstance(node, ast.Assign | ast.AnnAssign)}
    for call in _tasks_outside_groups(tree):
        if id(call) not in kept or not any(word.arg == "name" for word in call.keywords):
            yield call


def _imports_by_text(tree: ast.Module) -> Iterator[ast.AST]:
    return (call for call in _called(tree, "__import__", "exec", "eval", "compile") if isinstance(call.func, ast.Name))


def _early_imports(tree: ast.Module) -> Iterator[ast.AST]:
    """What is imported before the role is known."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import) else {node.module}
            ours = ("from services import interpreter", "from services import program")
            if ast.unparse(node) not in ours and not names <= {"sys", "pathlib"}:
                yield node


def _more_than_paths(tree: ast.Module) -> Iterator[ast.AST]:
    for node in nodes(tree):
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and node.module not in ("__future__", "pathlib", "typing")
        ):
            yield node
        if isinstance(node, ast.FunctionDef) and "Path" not in ast.unparse(node.returns or node):
            yield node
        if isinstance(node, ast.ClassDef | ast.AsyncFunctionDef):
            yield node


def _mocks(tree: ast.Module) -> Iterator[ast.AST]:
    for node in nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in ast.unparse(node):
            yield node


def _skips(tree: ast.Module) -> Iterator[ast.AST]:
    """Tests that go away without a word, or may fail."""
    yield from _called(tree, "skip", "importorskip", "xfail", "flaky")
    for call in _called(tree, "skipif"):
        condition = ast.unparse(call.args[0]) if call.args else ""
        if not any(word.arg == "reason" for word in call.keywords) or "import" in condition:
            yield call


def _fixed_sleeps(tree: ast.Module) -> Iterator[ast.AST]:
    """Sleeps for a time outside a loop that asks for something; on a virtual clock they cost nothing."""
    calls = list(_called(tree, "sleep"))
    if not calls or "virtual_time" in ast.dump(tree):
        return
    looped = {id(inner) for node in nodes(tree) if isinstance(node, ast.While | ast.For) for inner in ast.walk(node)}
    for call in calls:
        at_once = ast.unparse(call) == "asyncio.sleep(0)"
        if (
            not at_once
            and id(call) not in looped
            and ast.unparse(call.func) in ("time.sleep", "asyncio.sleep", "sleep")
        ):
            yield call


RULES: Final = {
    "widgets have no async functions": Rule(
        ("widgets",),
        _async_functions,
        ("async def on_clicked(): pass", "class Page:\n    async def load(self): pass"),
        {"widgets/tour.py": "a script that waits for conditions; it is no widget"},
    ),
    "nobody runs a loop of their own": Rule(
        CONSOLE,
        _loops_of_its_own,
        ("dialog.exec()", "menu.exec_(at)", "application.processEvents()"),
        {"app/first_paint.py": "turns the window while the loop itself is still being imported"},
    ),
    "labels come from the factory, for outside text may be HTML": Rule(
        ("widgets",),
        _labels,
        ("QLabel('x')", "QtWidgets.QLabel()"),
        {"widgets/parts/label.py": "the factory"},
    ),
    "tool tips, titles and notifications come from the factory, and nothing is rich text": Rule(
        CONSOLE,
        _loose_words,
        (
            "part.setToolTip(words)",
            "bar.showMessage('x')",
            "tray.showMessage(title, words)",
            "QToolTip.showText(at, words)",
            "view.setHtml(words)",
            "window.setWindowTitle(words)",
            "view = QTextBrowser()",
            "made.setTextFormat(Qt.TextFormat.RichText)",
            "from PySide6.QtWidgets import QSystemTrayIcon\ntray = QSystemTrayIcon()",
        ),
        {
            "widgets/parts/label.py": "the factory",
            "widgets/frame.py": "titles the window with the environment, which is one of three",
        },
    ),
    "addresses are opened in one place, which looks at them first": Rule(
        CONSOLE,
        _ways_out,
        (
            "QDesktopServices.openUrl(url)",
            "from PySide6.QtGui import QDesktopServices as services",
            "made.setOpenExternalLinks(True)",
            "import webbrowser",
            "os.startfile(path)",
        ),
        {"widgets/parts/link.py": "the place"},
    ),
    "texts of several lines are looked through": Rule(
        ("widgets",),
        _raw_texts,
        ("view.setPlainText(raw)", "view.appendPlainText(error.raw[:100])"),
        {"widgets/pages/dead_letters/editing.py": "what is edited is sent letter by letter"},
    ),
    "what is copied is plain text": Rule(
        CONSOLE,
        _clipboards,
        ("QGuiApplication.clipboard().setText(words)", "app.clipboard().setMimeData(data)"),
        {"widgets/parts/clipboard.py": "the one that copies"},
    ),
    "the window never waits": Rule(CONSOLE, _blocking_sleeps, ("time.sleep(1)", "sleep(1)")),
    "the console's tasks are spawned or in a group": Rule(
        CONSOLE,
        _tasks_outside_groups,
        (
            "loop.create_task(work())",
            "task = asyncio.get_running_loop().create_task(work(), name='x')",
            "asyncio.ensure_future(work())",
            "async def f():\n    async with asyncio.TaskGroup() as group:\n        other.create_task(work())",
        ),
        {"app/tasks.py": "the home of spawn"},
    ),
    "a task outside a group is named and kept": Rule(
        ("main.py", "services"), _loose_tasks, ("loop.create_task(work(), name='x')", "task = loop.create_task(work())")
    ),
    "modules are imported by name": Rule(
        OURS, _imports_by_text, ("__import__('os')", "exec('import os')", "eval('1')", "compile('1', '', 'eval')")
    ),
    "the program imports a role's things only for that role": Rule(
        ("main.py",), _early_imports, ("import argparse", "from services.settings import read_settings")
    ),
    "resources' code gives paths only": Rule(
        ("resources",),
        _more_than_paths,
        ("import json", "from services import log", "def read() -> str: pass", "class A: pass"),
    ),
    "tests use no mocks": Rule(("tests",), _mocks, ("from unittest import mock", "import unittest.mock")),
    "tests don't go away": Rule(
        ("tests",),
        _skips,
        (
            "pytest.skip('later')",
            "@pytest.mark.xfail()\ndef t(): pass",
            "@pytest.mark.skipif(os.name == 'nt')\ndef t(): pass",
        ),
        {"tests/contract/gateway/test_supabase_js.py": "a client from npm, which may be out of reach: it says so"},
    ),
    "tests wait for conditions": Rule(
        ("tests/unit", "tests/contract", "tests/stack", "tests/e2e", "tests/fakes"),
        _fixed_sleeps,
        ("time.sleep(1)", "async def t():\n    await asyncio.sleep(0.1)"),
        {
            "tests/fakes/server.py": "a server that is slow at random, on a virtual clock",
            "tests/fakes/unkind_queues.py": "a queue that is slow, on a virtual clock",
            "tests/fakes/unkind_replays.py": "a project that answers late, on a virtual clock",
        },
    ),
}
