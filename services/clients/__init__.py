"""One foreign system, one file."""
