"""Dead letters in a terminal and for scripts: the page's engine without its window (role `dlq`)."""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import uuid
from pathlib import Path
from typing import Any, Final

from app.actions.registry import ARCHIVE, CONFIRM_TARGET, DECIDE, EDIT, PUT_BACK, REPLAY_MANY, SCAN, Act
from app.replay.choice import Choice, choose
from app.replay.journal import BatchAct
from app.replay.letters import Letters, archived_facts, entry_facts, letter_facts
from app.replay.line import Progress
from app.replay.pace import Options
from app.roles.dlq_engine import engine
from app.roles.here import print_error, settings_here
from services.domain.errors import ConsoleError
from services.domain.redaction import keep_out
from services.domain.text import one_line
from services.domain.times import to_iso
from services.lock import AlreadyRunning, FolderLock
from services.log import log_to_stderr
from services.program import usage_name
from services.settings import Settings, SettingsError

_EPILOG: Final = """exit codes:
  0  all that was asked for was done
  1  the queue or the journal can't be used, or this sign-in may not
  2  the command line or a setting is wrong
  3  done in part: some failed, or their end isn't known; they are named"""

_ACTS: Final[dict[str, Act]] = {
    "replay": REPLAY_MANY, "resume": REPLAY_MANY, "edit": EDIT, "archive": ARCHIVE, "put-back": PUT_BACK,
    "decide": DECIDE, "confirm": CONFIRM_TARGET,
}  # fmt: skip
"""What a command does in the words of the console; any other one only looks."""


def run(argv: list[str]) -> int:
    """List, show, replay, archive, put back or export; exit codes as `--help` says them."""
    parser = argparse.ArgumentParser(
        prog=usage_name("dlq"),
        description="Lists dead letters, replays or archives them, with the same journal as the console. "
        "Without SQS_DLQ_URL it works on the local stack of this data folder, which must be running.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every dead letter, and what the subscriber would do with it")
    commands.add_parser("show", help="one message, whole").add_argument("id")
    for name, words in (
        ("replay", "send messages again: one for each job, verified, then taken out of the dead letters"),
        ("archive", "keep messages in the journal and take them out of the queue"),
    ):
        act = commands.add_parser(name, help=words)
        act.add_argument("id", nargs="*", help="messages; with --all none")
        act.add_argument("--all", action="store_true", help="all that the queue shows now")
        act.add_argument("--yes", action="store_true", help="do it; without this only the plan is shown")
        act.add_argument("--reason", default="", help="kept in the journal")
        if name == "replay":
            act.add_argument("--rate", type=float, default=1.0, help="messages a second, 0 for no limit (default: 1)")
    edit = commands.add_parser("edit", help="send a message again with another body; the original stays in the archive")
    edit.add_argument("id")
    edit.add_argument("file", type=Path, help="the body to send")
    edit.add_argument("--yes", action="store_true", help="do it; without this only the difference is shown")
    edit.add_argument("--reason", default="", help="kept in the journal")
    commands.add_parser("resume", help="go on with what an earlier replay has left")
    back = commands.add_parser("put-back", help="send an archived message to the dead letters")
    back.add_argument("id")
    back.add_argument("--reason", default="", help="kept in the audit")
    back.add_argument("--here", action="store_true", help="it belongs to this queue, though nobody wrote that down")
    commands.add_parser("archived", help="the messages of the archive: body, reason, when, by whom")
    commands.add_parser("journal", help="what was done with each message, the newest first; unknown sends among them")
    decide = commands.add_parser("decide", help="say what became of a send whose end isn't known")
    decide.add_argument("id")
    which = decide.add_mutually_exclusive_group(required=True)
    which.add_argument("--sent", action="store_true", help="it arrived")
    which.add_argument("--not-sent", action="store_true", help="it did not: it may be replayed again")
    decide.add_argument("--reason", required=True, help="how you know; kept in the journal")
    confirm = commands.add_parser("confirm", help="say that the dead letters are the main queue's, where it names none")
    confirm.add_argument("--yes", action="store_true", help="they belong together")
    confirm.add_argument("--reason", required=True, help="how you know; kept in the journal")
    export = commands.add_parser("export", help="write every dead letter to a file, one JSON object a line")
    export.add_argument("file", type=Path)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    args = parser.parse_args(argv)
    if args.command in ("replay", "archive") and bool(args.id) == args.all:
        parser.error("name messages, or say --all")
    log_to_stderr("dlq", "ERROR")
    try:
        settings = settings_here()
    except SettingsError as error:
        print_error(f"A setting can't be used: {error}")
        return 2
    if not settings.queue_url or not settings.dlq_url:
        print_error("SQS_QUEUE_URL and SQS_DLQ_URL are missing. Set them, or start the local stack first.")
        return 2
    keep_out(*settings.secrets)
    return _guarded(settings, args)


def _guarded(settings: Settings, args: argparse.Namespace) -> int:
    # The console takes what it finds half done for what a crash has left: only one of the two may be at work.
    lock = FolderLock(
        settings.data_path / "console" / "console.lock",
        "A console is open on this data folder. Use its page of dead letters, or close it first.",
    )
    try:
        lock.take()
        return asyncio.run(_work(settings, args))
    except AlreadyRunning as error:
        print_error(str(error))
    except ConsoleError as error:
        print_error(f"{error} {error.hint}".rstrip())
    except (OSError, sqlite3.Error) as error:
        print_error(f"A file can't be used: {error}")
    finally:
        lock.release()
    return 1


async def _work(settings: Settings, args: argparse.Namespace) -> int:
    async with engine(settings, _ACTS.get(args.command, SCAN)) as letters:
        match args.command:
            case "list":
                return await _list(letters, as_json=args.json)
            case "show":
                return await _show(letters, args.id, as_json=args.json)
            case "export":
                return await _export(letters, args.file, as_json=args.json)
            case "put-back":
                request = str(uuid.uuid4())
                answers = await letters.many.put_back_many(
                    [args.id], request_id=request, reason=args.reason, here=args.here
                )
                if isinstance(new_id := answers[args.id], ConsoleError):
                    raise new_id
                _say({"put_back": args.id, "new_message_id": new_id}, f"Put back as {new_id}.", as_json=args.json)
                return 0
            case "archived":
                return await _archived(letters, as_json=args.json)
            case "journal":
                return await _journal(letters, as_json=args.json)
            case "decide":
                noted = await letters.decide(args.id, sent=args.sent, reason=args.reason)
                _say({"decided": args.id, "sent": args.sent, "noted": noted}, noted, as_json=args.json)
                return 0
            case "confirm":
                words = "Nothing was done: add --yes."
                if args.yes:
                    words = await letters.confirm_target(reason=args.reason)
                _say({"confirmed": args.yes}, words, as_json=args.json)
                return 0
            case "edit":
                return await _edit(letters, args)
            case "resume":
                return await _resume(letters, as_json=args.json)
            case _:
                return await _act(letters, args)


async def _list(letters: Letters, *, as_json: bool) -> int:
    await letters.look()
    facts = [letter_facts(letters, key) for key in letters.found]
    figures = letters.figures
    about = figures.visible + figures.in_flight
    lines = [
        f"{one['message_id']}  {one['job_id'] or '-':36}  {one['problem'] or one['reason'] or 'could not be started'}"
        for one in facts
    ]
    _say(
        {"dead_letters": facts, "seen": len(facts), "about": about, "hidden_seconds": letters.hidden_for},
        "\n".join([*lines, f"{len(facts)} seen of about {about}."]),
        as_json=as_json,
    )
    return 0


async def _archived(letters: Letters, *, as_json: bool) -> int:
    facts = [archived_facts(one) for one in await letters.many.archived()]
    lines = [
        f"{one['message_id']}  {to_iso(one['archived_at'])}  {one['actor']}: {one['reason'] or 'no reason given'}\n"
        f"    {one_line(one['body'], 200)}" + ("" if one["left_the_queue"] else f"\n    {one['why']}")
        for one in facts
    ]
    _say({"archived": facts}, "\n".join([*lines, f"{len(facts)} in the archive."]), as_json=as_json)
    return 0


async def _journal(letters: Letters, *, as_json: bool) -> int:
    facts = [entry_facts(one) for one in await letters.many.newest()]
    lines = [
        f"{one['message_id']}  {to_iso(one['changed_at'])}  {one['state']}  "
        f"{one['actor']}: {one['why'] or one['reason'] or 'no reason given'}"
        for one in facts
    ]
    _say({"journal": facts}, "\n".join([*lines, f"{len(facts)} in the journal."]), as_json=as_json)
    return 0


async def _show(letters: Letters, message_id: str, *, as_json: bool) -> int:
    await letters.look()
    letters.require([message_id])
    facts = letter_facts(letters, message_id, whole=True)
    _say(facts, json.dumps(facts, indent=2, ensure_ascii=False), as_json=as_json)
    return 0


async def _export(letters: Letters, file: Path, *, as_json: bool) -> int:
    await letters.look()
    lines = [json.dumps(letter_facts(letters, key, whole=True), ensure_ascii=False) for key in letters.found]
    await asyncio.to_thread(_write_anew, file, "".join(f"{line}\n" for line in lines))
    _say({"exported": len(lines), "file": str(file)}, f"{len(lines)} written to {file}.", as_json=as_json)
    return 0


def _write_anew(file: Path, text: str) -> None:
    """What customers have sent is nobody else's to read."""
    with file.open("x", encoding="utf-8") as out:
        file.chmod(0o600)
        out.write(text)


async def _act(letters: Letters, args: argparse.Namespace) -> int:
    await letters.look()
    letters.require(args.id)
    wanted = args.id or list(letters.found)
    act: BatchAct = args.command
    if act == "archive":
        choice = Choice(send=tuple(letters.found[key] for key in wanted))
    else:
        pairs = [(letters.found[key], letters.readings[key]) for key in wanted]
        choice = choose(pairs, letters.states, letters.xray)
    if not args.yes:
        _say_plan(choice, act, as_json=args.json)
        return 0
    rate = 0.0 if act == "archive" else args.rate
    batch_id = str(uuid.uuid4())
    left_out = await letters.many.plan(
        batch_id, act, choice.send, actor=letters.actor, reason=args.reason, options=Options(rate=rate)
    )
    progress = await letters.many.run(batch_id)
    code = _tell(batch_id, progress, {**choice.rest, **left_out}, as_json=args.json)
    # Who says --all asks for what can be sent; who names messages asks for each of them.
    return 3 if left_out or (args.id and choice.rest) else code


async def _edit(letters: Letters, args: argparse.Namespace) -> int:
    await letters.look()
    letters.require([args.id])
    edit = letters.weigh(args.id, await asyncio.to_thread(args.file.read_text, encoding="utf-8"))
    facts: dict[str, Any] = {
        "message_id": args.id, "why_not": edit.why_not, "body": edit.message.body,
        "findings": [{"level": one.level, "field": one.field, "words": one.words} for one in edit.findings],
        "diff": [f"{line.sign} {line.text}" for line in edit.diff],
    }  # fmt: skip
    lines = [*(f"{one.level}: {one.field}: {one.words}" for one in edit.findings), *facts["diff"]]
    if edit.why_not or not args.yes:
        lines.append(edit.why_not or "Nothing was done: add --yes.")
        _say(facts, "\n".join(lines), as_json=args.json)
        return 1 if edit.why_not else 0
    answer = await letters.replay_edited(args.id, edit, reason=args.reason)
    _say({**facts, "outcome": answer.outcome, "new_message_id": answer.new_message_id},
         "\n".join([*lines, answer.words]), as_json=args.json)  # fmt: skip
    return 0 if answer.outcome == "replayed" else 3


async def _resume(letters: Letters, *, as_json: bool) -> int:
    settled = await letters.many.settle_unknown()
    codes = [
        _tell(one.id, await letters.many.run(one.id), {}, as_json=as_json) for one in await letters.many.unfinished()
    ]
    if not codes:
        _say({"resumed": 0, "settled": settled}, "Nothing was left to go on with.", as_json=as_json)
    return max(codes, default=0)


def _say_plan(choice: Choice, act: BatchAct, *, as_json: bool) -> None:
    ids = [letter.message_id for letter in choice.send]
    jobs = {
        job_id: {
            "stops": seen.stops,
            **{fate: seen.count(fate) for fate in ("submit", "live", "unknown", "in_flight", "blocked")},
        }
        for job_id, seen in choice.jobs.items()
    }
    lines = [f"{act} {key}" for key in ids] + [f"not {key}: {why}" for key, why in choice.rest.items()]
    lines.append(f"{len(ids)} to {act}, {len(choice.rest)} not. Nothing was done: add --yes.")
    _say({"act": act, "plan": ids, "not": choice.rest, "jobs": jobs}, "\n".join(lines), as_json=as_json)


def _tell(batch_id: str, progress: Progress, left_out: dict[str, str], *, as_json: bool) -> int:
    facts: dict[str, Any] = {
        "operation": batch_id, "state": progress.state, "total": progress.total, "moved": progress.moved,
        "failed": progress.failed, "unknown": progress.unknown, "undeleted": progress.undeleted,
        "skipped": progress.skipped, "left": progress.waiting, "failures": progress.failures, "not": left_out,
    }  # fmt: skip
    named = [f"{key}: {why}" for key, why in {**left_out, **progress.failures}.items()]
    _say(facts, "\n".join([*named, progress.words]), as_json=as_json)
    return 0 if progress.moved == progress.total else 3


def _say(facts: dict[str, Any], words: str, *, as_json: bool) -> None:
    sys.stdout.write(f"{json.dumps(facts, ensure_ascii=False) if as_json else words}\n")
