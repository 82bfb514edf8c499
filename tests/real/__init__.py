"""Real servers and a real browser: how they are installed, started and driven."""
