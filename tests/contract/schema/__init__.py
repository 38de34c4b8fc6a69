"""The schema's promises, on a real PostgreSQL."""
