"""The gateway against the stock clients, on a real PostgreSQL."""
