"""The whole bot in one thread, killed at every commit and every outgoing call."""
