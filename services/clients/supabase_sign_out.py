"""Ends a session at the project, by what is still held of it."""

from __future__ import annotations

from typing import Any, Final

import httpx

_ENDED: Final = (401, 403, 404)
"""Answers of a project that has ended the session before."""


async def end_session(wire: httpx.AsyncClient, url: str, key: str, refresh_token: str, access_token: str = "") -> bool:
    """Whether the project says that this session, and no other one of its person, is over.

    An access token that is refused, or none, is renewed first: that one is too old says nothing of its session.
    """
    try:
        if access_token:
            answer = await _log_out(wire, url, key, access_token)
            if answer.is_success or _code(answer) == "session_not_found":
                return True
            if answer.status_code not in _ENDED:
                return False
        answer = await wire.post(
            f"{url}/auth/v1/token",
            params={"grant_type": "refresh_token"},
            headers={"apikey": key},
            json={"refresh_token": refresh_token},
        )
        if not answer.is_success:
            return answer.status_code in (400, *_ENDED)
        answer = await _log_out(wire, url, key, str(_body(answer).get("access_token") or ""))
    except httpx.HTTPError:
        return False
    return answer.is_success or answer.status_code in _ENDED


async def _log_out(wire: httpx.AsyncClient, url: str, key: str, access_token: str) -> httpx.Response:
    return await wire.post(
        f"{url}/auth/v1/logout",
        params={"scope": "local"},
        headers={"apikey": key, "Authorization": f"Bearer {access_token}"},
    )


def _code(answer: httpx.Response) -> str:
    return str(_body(answer).get("error_code") or "")


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
