"""One job: its way through the pipeline, and each directory of it."""
