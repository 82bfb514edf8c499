"""The local workspace, proven with Slack's own client and framework."""
