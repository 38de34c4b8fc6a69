"""The queue endpoint's rules, without a server."""
