"""Everything that talks to the outside: Slack, HTTP, providers, schedules, wiring."""
