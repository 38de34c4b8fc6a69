"""Keeps the store true to the remote database."""
