"""Providers: one file each, reached by name through `bot.providers.registry`."""
