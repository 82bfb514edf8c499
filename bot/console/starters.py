"""The files `muster init` writes: small, commented, and good as they stand."""
