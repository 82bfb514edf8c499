"""Durable jobs: the engine that runs them, and one body per kind."""
