"""Everything that talks to the world: clients, the pipeline, the local stack, and their shared words."""
