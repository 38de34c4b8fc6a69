"""The real gateway and the real queue on PostgreSQL, and moto, for the clients' contracts."""

from tests.contract.gateway.conftest import owner, server
from tests.contract.queue.conftest import database_url, endpoint, moto_origin

__all__ = ["database_url", "endpoint", "moto_origin", "owner", "server"]
