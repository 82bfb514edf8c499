"""Slack: what comes in from people and what they get to see."""
