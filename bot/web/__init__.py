"""HTTP: intake, what Slack sends, probes."""
