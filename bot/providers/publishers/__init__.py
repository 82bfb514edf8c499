"""Places to which documents are published."""
