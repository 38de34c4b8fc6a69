"""Theme, icons and measures."""
