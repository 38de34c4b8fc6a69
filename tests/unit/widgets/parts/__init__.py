"""Tests of the pieces that pages are built from."""
