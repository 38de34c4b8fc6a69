"""Tests of services.submission without a browser."""
