"""Levers: each sets a desired state in one system and reads it back."""
