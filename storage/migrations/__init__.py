"""Schema migrations; run through `storage.schema`."""

HEAD = "0013"
"""Id of the newest one. Written down, so that a start need not load them all to know; a test compares."""
