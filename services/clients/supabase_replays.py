"""What the consoles of a project share about dead letters: the lease on a queue, and how far each operation is."""

from __future__ import annotations

from typing import Any

import msgspec

from services.clients.supabase_errors import console_errors, expect
from services.clients.supabase_session import SupabaseSession
from services.domain.times import to_iso
from services.ports.wishes import Decision, Lease


class SupabaseReplays:
    """`services.ports.wishes.SharedReplays` for the person who is signed in."""

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session

    async def hold(self, *, dlq: str, token: str, machine: str, seconds: int) -> Lease:
        """See the port."""
        answer = await self._call(
            "staff_hold_dlq", "hold the dead letters",
            p_dlq=dlq, p_token=token, p_machine=machine, p_seconds=seconds,
        )  # fmt: skip
        return msgspec.convert(expect(answer, dict, "hold the dead letters"), Lease, strict=False)

    async def release(self, *, dlq: str, token: str) -> None:
        """See the port."""
        await self._call("staff_release_dlq", "give the dead letters up", p_dlq=dlq, p_token=token)

    async def begin(
        self, *, request_id: str, dlq: str, token: str, act: str, label: str, total: int, reason: str
    ) -> None:
        """See the port."""
        answer = await self._call(
            "staff_begin_replay", "record the start of an operation",
            p_request_id=request_id, p_dlq=dlq, p_token=token, p_act=act, p_label=label, p_total=total,
            p_reason=reason,
        )  # fmt: skip
        expect(answer, dict, "record the start of an operation")

    async def note(self, *, request_id: str, state: str, words: str, done: int) -> None:
        """See the port."""
        await self._call(
            "staff_note_replay", "say how far an operation is",
            p_request_id=request_id, p_state=state, p_words=words, p_done=done,
        )  # fmt: skip

    async def record(self, decision: Decision) -> None:
        """See `services.ports.wishes.SharedDecisions`."""
        answer = await self._call(
            "staff_record_decision", "record a decision",
            p_request_id=decision.request_id, p_act=decision.act, p_target=decision.target, p_said=decision.said,
            p_reason=decision.reason, p_said_at=to_iso(decision.at), p_job=decision.job_id or None,
        )  # fmt: skip
        expect(answer, dict, "record a decision")

    async def _call(self, function: str, what: str, **arguments: Any) -> Any:
        with console_errors(what):
            return (await self._session.client.rpc(function, arguments).execute()).data
