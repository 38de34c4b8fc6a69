"""A PostgreSQL with our schema, as the gateway's tests have it."""

from tests.contract.gateway.conftest import owner, server

__all__ = ["owner", "server"]
