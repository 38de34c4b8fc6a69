"""PostgreSQL's errors as PostgREST answers them."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg_pool import PoolTimeout

from services.local.gateway.errors import WireError, rest_error

_STATUS: Final = {
    "23503": 409, "23505": 409, "25006": 405, "53400": 500, "57P01": 503, "P0001": 400,
    "42883": 404, "42P01": 404, "42P17": 500,
    "08": 503, "09": 500, "0L": 403, "0P": 403, "25": 500, "28": 403, "2D": 500, "38": 500, "39": 500, "3B": 500,
    "40": 500, "53": 503, "54": 500, "55": 500, "57": 500, "58": 500, "F0": 500, "HV": 500, "P0": 500, "XX": 500,
}  # fmt: skip


def database_error(error: psycopg.Error, role: str) -> WireError:
    """The answer to a failed statement of a caller with this role."""
    if isinstance(error, PoolTimeout):
        return rest_error(504, "PGRST003", "Timed out acquiring connection from connection pool.")
    state = error.sqlstate
    if state is None and isinstance(error, psycopg.DataError):
        return rest_error(400, "22021", str(error))
    if state is None:
        return rest_error(503, "PGRST001", "Database client error. Retrying the connection.")
    if state == "42501":
        status = 401 if role == "anon" else 403
    elif state.startswith("PT") and state[2:].isdigit():
        status = int(state[2:])
    else:
        status = _STATUS.get(state, _STATUS.get(state[:2], 400))
    diag = error.diag
    return rest_error(
        status, state, diag.message_primary or str(error), details=diag.message_detail, hint=diag.message_hint
    )
