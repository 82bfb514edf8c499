"""Use cases through the plays, on both databases."""
