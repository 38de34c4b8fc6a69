"""The pipeline on a real PostgreSQL and a real queue endpoint."""
