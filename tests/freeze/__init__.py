"""Makes the frozen program: a folder that runs without Python. Not part of it."""
