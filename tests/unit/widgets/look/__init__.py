"""Tests of theme, shapes and type."""
