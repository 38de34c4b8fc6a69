"""Acts of staff, as calls of the project's database functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from services.clients.supabase_errors import console_errors, expect
from services.clients.supabase_session import SupabaseSession
from services.domain.run_commands import CLAIM_SECONDS
from services.domain.statuses import Declared

_CLAIMS: Final = ("claimed", "duplicate", "in_flight", "outcome_unknown")


class SupabaseActs:
    """The ports `StaffActs`, `DirectoryPauses`, `FormMappings`, `Acknowledgements` and `RunClaims`, for the person who
    is signed in."""

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session

    async def retry_failed(
        self, *, request_id: str, job_id: str, directories: Sequence[str] | None, reason: str
    ) -> dict[str, Any]:
        """See the port."""
        return _mapping(
            await self._call(
                "staff_retry_failed",
                "retry failed directories",
                p_request_id=request_id,
                p_job=job_id,
                p_directories=None if directories is None else list(directories),
                p_reason=reason,
            )
        )

    async def requeue_job(self, *, request_id: str, job_id: str, expected: str, reason: str) -> dict[str, Any]:
        """See the port."""
        return _mapping(
            await self._call(
                "staff_requeue_job",
                "queue a job again",
                p_request_id=request_id,
                p_job=job_id,
                p_expected=expected,
                p_reason=reason,
            )
        )

    async def set_job_status(
        self, *, request_id: str, job_id: str, to: str, expected: str, reason: str
    ) -> dict[str, Any]:
        """See the port."""
        return _mapping(
            await self._call(
                "staff_set_job_status",
                "pause, resume or cancel a job",
                p_request_id=request_id,
                p_job=job_id,
                p_to=to,
                p_expected=expected,
                p_reason=reason,
            )
        )

    async def declare_outcome(
        self, *, request_id: str, job_id: str, directory: str, outcome: Declared, reason: str, listing_url: str
    ) -> dict[str, Any]:
        """See the port."""
        return _mapping(
            await self._call(
                "staff_declare_outcome",
                "declare an outcome",
                p_request_id=request_id,
                p_job=job_id,
                p_directory=directory,
                p_outcome=outcome,
                p_reason=reason,
                p_listing_url=listing_url or None,
            )
        )

    async def review_outcome(
        self, *, request_id: str, job_id: str, directory: str, expected: str, outcome: Declared, reason: str,
        listing_url: str,
    ) -> dict[str, Any]:  # fmt: skip
        """See the port."""
        return _mapping(
            await self._call(
                "staff_review_outcome",
                "review a verdict",
                p_request_id=request_id,
                p_job=job_id,
                p_directory=directory,
                p_expected=expected,
                p_outcome=outcome,
                p_reason=reason or None,
                p_listing_url=listing_url or None,
            )
        )

    async def pause_directory(self, *, request_id: str, directory_id: str, paused: bool, reason: str) -> dict[str, Any]:
        """See the port."""
        return _mapping(
            await self._call(
                "staff_pause_directory",
                "pause or resume a directory",
                p_request_id=request_id,
                p_directory_id=directory_id,
                p_paused=paused,
                p_reason=reason,
            )
        )

    async def accept_form(
        self, *, request_id: str, directory_id: str, expected: Mapping[str, Any], selectors: Mapping[str, Any],
        form: Mapping[str, Any], reason: str,
    ) -> dict[str, Any]:  # fmt: skip
        """See the port."""
        return _mapping(
            await self._call(
                "staff_accept_form",
                "accept a form that has changed",
                p_request_id=request_id,
                p_directory_id=directory_id,
                p_expected=dict(expected),
                p_selectors=dict(selectors),
                p_form=dict(form),
                p_reason=reason,
            )
        )

    async def acknowledge(self, *, request_id: str, target: str, reason: str) -> dict[str, Any]:
        """See the port."""
        return _mapping(
            await self._call(
                "staff_acknowledge",
                "say that somebody has seen to it",
                p_request_id=request_id,
                p_target=target,
                p_reason=reason or None,
            )
        )

    async def claim_run(
        self, *, job_id: str, directory: str, key: str, payload: Mapping[str, Any], run_id: str
    ) -> Literal["claimed", "duplicate", "in_flight", "outcome_unknown"]:
        """See the port."""
        answer = await self._call(
            "staff_claim_run",
            "claim a directory",
            p_job=job_id,
            p_directory=directory,
            p_key=key,
            p_payload=dict(payload),
            p_run_id=run_id,
            # The longest that is given: a person may hold the run for a while.
            p_lease_seconds=CLAIM_SECONDS,
        )
        known = expect(answer if answer in _CLAIMS else None, str, "claim a directory")
        return cast(Literal["claimed", "duplicate", "in_flight", "outcome_unknown"], known)

    async def hold_run(self, *, job_id: str, directory: str, key: str, run_id: str, why: str, seconds: int) -> bool:
        """See the port."""
        answer = await self._call(
            "staff_hold_run",
            "say that a run waits for a person",
            p_job=job_id,
            p_directory=directory,
            p_key=key,
            p_run_id=run_id,
            p_why=why,
            p_seconds=seconds,
        )
        return expect(answer, bool, "say that a run waits for a person")

    async def finish_run(
        self,
        *,
        job_id: str,
        directory: str,
        key: str,
        run_id: str,
        status: str,
        response_log: Mapping[str, Any],
        screenshot_url: str | None,
        listing_url: str | None,
        error: str | None,
        duration_ms: int,
    ) -> bool:
        """See the port."""
        answer = await self._call(
            "staff_finish_run",
            "write the outcome of a run",
            p_job=job_id,
            p_directory=directory,
            p_key=key,
            p_run_id=run_id,
            p_status=status,
            p_response_log=dict(response_log),
            p_screenshot_url=screenshot_url,
            p_listing_url=listing_url,
            p_error=error,
            p_duration_ms=duration_ms,
        )
        return expect(answer, bool, "write the outcome of a run")

    async def _call(self, function: str, what: str, **arguments: Any) -> Any:
        with console_errors(what):
            return (await self._session.client.rpc(function, arguments).execute()).data


def _mapping(answer: Any) -> dict[str, Any]:
    return expect(answer, dict, "carry the act out")
