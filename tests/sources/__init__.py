"""Alert sources: every recorded body of each, its signature, and what no vendor would send."""
