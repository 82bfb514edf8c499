"""Schema migrations; run through `storage.schema`."""
