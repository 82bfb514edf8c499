"""Use cases: load, let the domain decide, write in one transaction."""
