"""What is known, by key: plain Python, no Qt."""
