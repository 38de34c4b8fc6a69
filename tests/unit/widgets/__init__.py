"""Tests of what staff see."""
