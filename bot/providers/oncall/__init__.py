"""Who is on call, one module a source."""
