"""The real gateway on a real PostgreSQL for the clients' contracts."""

from tests.contract.gateway.conftest import owner, server

__all__ = ["owner", "server"]
