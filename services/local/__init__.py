"""The local stack: PostgreSQL, gateway, queue and practice directories on this machine."""
