"""What a start is refused for before anything is loaded for it, so that whoever mends it hears of it at once."""

from __future__ import annotations

from importlib.metadata import distributions

from bot.settings import Settings
from playbooks import errors

DISTRIBUTION = "muster-incident-bot"
PACKAGES = ("bot", "playbooks", "storage")


def refuse_foreign_names() -> None:
    """Raise ConfigError when another distribution owns one of our package names and so may have overwritten ours."""
    for package, name in sorted(_owned()):
        if name.lower().replace("_", "-") != DISTRIBUTION:
            raise errors.ConfigError(
                f"The package `{package}` belongs to {name} here, which overwrites Muster's own.",
                f"Install Muster into an environment of its own, or remove {name}.",
                code="foreign_package",
            )


def _owned() -> set[tuple[str, str]]:
    """Which of our package names which distributions have installed files under.

    `packages_distributions` says the same and parses every line of every distribution for it: an eighth of a second.
    """
    found = set()
    for distribution in distributions():
        listed = "\n" + (distribution.read_text("RECORD") or distribution.read_text("installed-files.txt") or "")
        named = (distribution.read_text("top_level.txt") or "").split()  # an editable install lists no files
        found |= {(package, distribution.name) for package in PACKAGES if package in named or f"\n{package}/" in listed}
    return found


def refuse_missing(settings: Settings) -> None:
    """Raise ConfigError for what the bot cannot run without."""
    if settings.slack_bot_token is None:
        raise errors.ConfigError("SLACK_BOT_TOKEN is not set.", "Run `muster init`, or put the bot token into .env.")
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        raise errors.ConfigError(
            "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set, so Slack could not reach Muster.",
            "Set the app token for Socket Mode, or the signing secret for HTTP.",
        )
