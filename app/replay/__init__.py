"""Sends dead letters again without losing or doubling one."""
