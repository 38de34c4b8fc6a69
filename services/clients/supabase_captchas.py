"""Whether an admin allows that captchas are solved for money, in the project's audit."""

from __future__ import annotations

from typing import Any

from services.clients.supabase_errors import console_errors, expect
from services.clients.supabase_session import SupabaseSession
from services.domain.captchas import ALLOW, FORBID, CaptchaPermission


class SupabaseCaptchas:
    """The port `CaptchaPermissions`, for the person who is signed in."""

    def __init__(self, session: SupabaseSession) -> None:
        self._session = session

    async def permission(self) -> CaptchaPermission:
        """See the port."""
        with console_errors("read whether 2Captcha is allowed"):
            acts = self._session.client.table("staff_actions").select("act,reason,after,created_at")
            answer = await acts.in_("act", [ALLOW, FORBID]).order("id", desc=True).limit(1).execute()
        rows = expect(answer.data, list, "read whether 2Captcha is allowed")
        return CaptchaPermission.from_act(rows[0]) if rows else CaptchaPermission()

    async def allow(self, *, request_id: str, allowed: bool, reason: str) -> dict[str, Any]:
        """See the port."""
        what = "allow or forbid 2Captcha"
        with console_errors(what):
            given = {"p_request_id": request_id, "p_allowed": allowed, "p_reason": reason}
            answer = await self._session.client.rpc("staff_allow_captchas", given).execute()
        return expect(answer.data, dict, what)
