"""Practice directories: real web forms under NAME.localhost, with a request log and fault switches."""
