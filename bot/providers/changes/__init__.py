"""Change readers: bodies of other systems as `Change` values."""
