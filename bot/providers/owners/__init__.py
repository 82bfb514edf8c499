"""Readers of other ownership registries: each turns one file into facts with their sources."""
