"""Runs a plan in a browser and weighs the evidence."""
