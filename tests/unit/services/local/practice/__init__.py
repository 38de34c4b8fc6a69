"""Tests of the practice directories."""
