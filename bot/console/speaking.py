"""How commands speak: results on stdout, one sentence with the next step on stderr, and never a traceback for them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from playbooks.errors import ConfigError, InputError, MusterError

if TYPE_CHECKING:
    from bot.settings import Settings


class Told(TyperGroup):
    """A group of commands whose errors of ours, and of files, end as one sentence and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MusterError as error:
            typer.echo(f"muster: {error.told}", err=True)
        except BrokenPipeError:
            pass  # whoever read our output has seen enough
        except OSError as error:
            named = f"{error.filename}: " if error.filename else ""
            typer.echo(f"muster: {named}{error.strerror or error}.", err=True)
        raise typer.Exit(1)


def say(text: str = "") -> None:
    """A line on stdout, seen at once also where stdout is a pipe."""
    typer.echo(text)


def show(data: Any) -> None:
    """Data as JSON on stdout."""
    typer.echo(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def settings() -> Settings:
    """Settings of the environment and `.env`. Raises ConfigError."""
    from bot.settings import Settings

    return Settings.load()


def incident_number(text: str) -> int:
    """7 from `INC-7`, `inc-7` or `7`. Raises InputError."""
    found = re.fullmatch(r"(?:inc-)?(\d{1,9})", text.strip(), re.IGNORECASE)
    if not found:
        raise InputError(f"{text!r} is no incident.", "Write it like INC-7.")
    return int(found[1])


def text_of(path: Path) -> str:
    """The text of a file the caller named, without the mark that Windows puts in front. Raises InputError."""
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.", "Check the path.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder.", "Name a file in it.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no UTF-8 text.", "Check that it is the file you mean.") from None


def existing_database(url: str) -> None:
    """Refuse to make an empty SQLite file where a database to read was expected. Raises ConfigError."""
    if not url.startswith("sqlite"):
        return
    name = url.partition("///")[2].partition("?")[0]
    if name and not Path(name).is_file():
        raise ConfigError(f"There is no database {name}.", "Run it where the bot runs, or set MUSTER_DATABASE_URL.")
