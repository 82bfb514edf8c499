"""The running service over HTTP, as alert senders and Slack reach it."""
