"""Readers of alert sources, one module a format."""
