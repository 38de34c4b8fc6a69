"""What the gateway is told when it is built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GatewayConfig:
    """Addresses, keys and limits. Times in seconds; `jwt_secret` of at least 32 bytes.

    `database_url` is the superuser's: accounts and the log. `authenticator_url` is that of a role
    which has no rights but to become the caller, and to the bytes of files.
    """

    database_url: str
    authenticator_url: str
    jwt_secret: str
    publishable_key: str
    service_role_key: str
    max_rows: int = 1000
    max_body_bytes: int = 4 * 1024 * 1024
    max_object_bytes: int = 8 * 1024 * 1024
    most_object_bytes: int = 2 * 1024 * 1024 * 1024
    """Of all files together: the oldest go first."""
    statement_seconds: float = 8.0
    token_seconds: int = 3600
    refresh_reuse_seconds: float = 10.0
    poll_seconds: float = 0.05
