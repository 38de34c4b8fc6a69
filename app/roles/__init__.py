"""Headless roles of the program, put together with real clients."""
