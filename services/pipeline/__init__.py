"""The pipeline's roles, which meet each other only over the wire."""
