"""The feed of the ingest benchmark: answers one join, then writes frames that were encoded before it started.

argv: seed, number of changes. Prints the port. 70 % results inserted, 20 % history, 10 % updates of 10,000 jobs,
of about 1.4 kB and 16 columns each, with the list of columns as Supabase sends it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import random
import sys
import uuid
from typing import Any, Final

JOBS: Final = 10_000
_AT_ONCE: Final = 200
_SIZE: Final = 1400


def _columns(**types: str) -> str:
    listed = [{"name": name, "type": kind} for name, kind in types.items()]
    return json.dumps(listed, separators=(",", ":"))


_RESULT: Final = {
    "id": "uuid",
    "job_id": "uuid",
    "directory_name": "text",
    "status": "text",
    "idempotency_key": "text",
    "payload": "jsonb",
    "response_log": "jsonb",
    "screenshot_url": "text",
    "listing_url": "text",
    "error_message": "text",
    "claim_owner": "text",
    "claim_expires_at": "timestamptz",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "version": "int8",
    "note": "text",
}
_HISTORY: Final = {
    "id": "int8",
    "job_id": "uuid",
    "directory_name": "text",
    "event": "text",
    "details": "jsonb",
    "worker_id": "text",
    "created_at": "timestamptz",
    **{f"extra_{number}": "text" for number in range(9)},
}
_JOB: Final = {
    "id": "uuid",
    "customer_id": "uuid",
    "status": "text",
    "package_type": "text",
    "package_size": "int4",
    "priority_level": "int4",
    "directories_total": "int4",
    "directories_done": "int4",
    "progress": "int4",
    "started_at": "timestamptz",
    "completed_at": "timestamptz",
    "created_at": "timestamptz",
    "updated_at": "timestamptz",
    "error_message": "text",
    "metadata": "jsonb",
    "version": "int8",
}


def job_id(seed: int, number: int) -> str:
    """The id of one of the 10,000 jobs."""
    return str(uuid.UUID(int=random.Random(f"{seed} {number}").getrandbits(128), version=4))


def customer_of(job: str) -> str:
    """Each job is another customer's."""
    return job[:-1] + ("0" if job[-1] != "0" else "1")


def changes(seed: int, count: int) -> list[tuple[str, str, dict[str, Any]]]:
    """(table, kind, row) of each change; the last one is an update of a job with progress 77."""
    chance = random.Random(seed)
    jobs = [job_id(seed, number) for number in range(JOBS)]
    versions = [1] * JOBS
    made: list[tuple[str, str, dict[str, Any]]] = []
    for number in range(count):
        stamp = f"2026-11-26T10:{number // 60_000 % 60:02}:{number // 1000 % 60:02}.{number % 1000:03}000+00:00"
        what = 1.0 if number == count - 1 else chance.random()
        which = chance.randrange(JOBS)
        job = jobs[which]
        row: dict[str, Any]
        if what < 0.7:
            row = {
                "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                "job_id": job,
                "directory_name": f"directory-{number % 120}.example",
                "status": chance.choice(["submitted", "submitted", "failed", "submitting"]),
                "idempotency_key": f"{number:064x}",
                "payload": {"business": {"name": "Harbor Bakery"}},
                "response_log": {"text": ""},
                "screenshot_url": None,
                "listing_url": None,
                "error_message": None,
                "claim_owner": "worker-1",
                "claim_expires_at": stamp,
                "created_at": stamp,
                "updated_at": stamp,
                "version": 1,
                "note": "",
            }
            made.append(("job_results", "INSERT", _filled(row, "response_log", _RESULT)))
        elif what < 0.9:
            row = {
                "id": number + 1,
                "job_id": job,
                "directory_name": f"directory-{number % 120}.example",
                "event": "submitting",
                "details": {"idem": f"{number:064x}", "text": ""},
                "worker_id": "worker-1",
                "created_at": stamp,
                **{f"extra_{extra}": "" for extra in range(9)},
            }
            made.append(("queue_history", "INSERT", _filled(row, "details", _HISTORY)))
        else:
            versions[which] += 1
            row = {
                "id": job,
                "customer_id": customer_of(job),
                "status": "in_progress",
                "package_type": "professional",
                "package_size": 300,
                "priority_level": 2,
                "directories_total": 300,
                "directories_done": number % 300,
                "progress": 77 if number == count - 1 else number % 77,
                "started_at": stamp,
                "completed_at": None,
                "created_at": stamp,
                "updated_at": stamp,
                "error_message": None,
                "metadata": {"text": ""},
                "version": versions[which],
            }
            made.append(("jobs", "UPDATE", _filled(row, "metadata", _JOB)))
    return made


def _filled(row: dict[str, Any], column: str, types: dict[str, str]) -> dict[str, Any]:
    """The row with as much text as makes its frame 1.4 kB."""
    missing = _SIZE - len(_frame_text("t", "INSERT", row, types)) - 60
    row[column]["text"] = "x" * max(0, missing)
    return row


def _frame_text(table: str, kind: str, row: dict[str, Any], types: dict[str, str]) -> str:
    old = f',"old_record":{{"id":"{row["id"]}"}}' if kind == "UPDATE" else ""
    columns, record = _columns(**types), json.dumps(row, separators=(",", ":"))
    number = _IDS.get(table, 1)
    return (
        f'{{"ref":null,"event":"postgres_changes","payload":{{"data":{{"table":"{table}","type":"{kind}",'
        f'"record":{record},"columns":{columns},"errors":null,"schema":"public",'
        f'"commit_timestamp":"2026-11-26T10:00:00.000Z"{old}}},"ids":[{number}]}},"topic":"TOPIC"}}'
    )


_IDS: Final = {"jobs": 1, "job_results": 2, "queue_history": 3}
_TYPES: Final = {"jobs": _JOB, "job_results": _RESULT, "queue_history": _HISTORY}


def _frame(text: str) -> bytes:
    data = text.encode()
    head = bytes([0x81, len(data)]) if len(data) < 126 else bytes([0x81, 126]) + len(data).to_bytes(2, "big")
    return head + data


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readexactly(2)
    length = head[1] & 127
    if length > 125:
        length = int.from_bytes(await reader.readexactly(2 if length == 126 else 8), "big")
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return head[0] & 15, bytes(byte ^ mask[number & 3] for number, byte in enumerate(data))


class Server:
    """Every client gets the whole feed once, right after its join was answered and confirmed."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts
        self._encoded: dict[str, list[bytes]] = {}
        for topic in ("realtime:console:1", "realtime:feed"):
            self._encoded[topic] = [_frame(text.replace("TOPIC", topic)) for text in texts]

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            key = next(
                line.split(":", 1)[1].strip()
                for line in head.split("\r\n")
                if line.lower().startswith("sec-websocket-key")
            )
            accept = base64.b64encode(
                hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode(), usedforsecurity=False).digest()
            ).decode()
            writer.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
            )
            async with asyncio.TaskGroup() as group:
                await self._speak(reader, writer, group, "vsn=2" in head.split("\r\n", 1)[0])
        except (asyncio.IncompleteReadError, ConnectionError, BaseExceptionGroup):
            pass
        finally:
            writer.close()

    async def _speak(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, group: asyncio.TaskGroup, arrays: bool
    ) -> None:
        def send(topic: str, event: str, payload: dict[str, Any], ref: str | None, join_ref: str | None) -> None:
            message: Any = {"topic": topic, "event": event, "payload": payload, "ref": ref}
            writer.write(_frame(json.dumps([join_ref, ref, topic, event, payload] if arrays else message)))

        while True:
            kind, data = await _read(reader)
            if kind == 8:
                return
            if kind == 9:
                writer.write(bytes([0x8A, len(data)]) + data)
            if kind != 1:
                continue
            raw = json.loads(data)
            join_ref, ref, topic, event, payload = (
                raw
                if isinstance(raw, list)
                else (raw.get("join_ref"), raw["ref"], raw["topic"], raw["event"], raw["payload"])
            )
            if event == "phx_join":
                asked = payload["config"].get("postgres_changes", [])
                echo = [{**each, "id": _IDS.get(each.get("table"), 9)} for each in asked]
                send(topic, "phx_reply", {"status": "ok", "response": {"postgres_changes": echo}}, ref, join_ref)
                said = {"channel": topic, "extension": "postgres_changes", "message": "Subscribed", "status": "ok"}
                send(topic, "system", said, None, join_ref)
                group.create_task(self._pour(writer, topic, arrays))
            elif event == "heartbeat":
                send(topic, "phx_reply", {"status": "ok", "response": {}}, ref, join_ref)

    async def _pour(self, writer: asyncio.StreamWriter, topic: str, arrays: bool) -> None:
        frames = self._encoded[topic]
        if arrays:
            raws = [json.loads(text) for text in self._texts]
            frames = [
                _frame(json.dumps([None, None, topic, raw["event"], raw["payload"]], separators=(",", ":")))
                for raw in raws
            ]
        await asyncio.sleep(1.0)
        for start in range(0, len(frames), _AT_ONCE):
            writer.write(b"".join(frames[start : start + _AT_ONCE]))
            await writer.drain()


async def main() -> None:
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    made = changes(seed, count)
    server = Server([_frame_text(table, kind, row, _TYPES[table]) for table, kind, row in made])
    listening = await asyncio.start_server(server.client, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    # It ends with whoever started it.
    await asyncio.to_thread(sys.stdin.read)
    listening.close()


if __name__ == "__main__":
    asyncio.run(main())
