"""What we remember: tables, rows, the unit of work."""
