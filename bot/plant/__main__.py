"""`python -m bot.plant`: the local registry, flag store and model servers, until interrupted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import typer

from bot.plant import Plant, seed_story


class _SystemClock:
    def now(self) -> datetime:
        """See `ports.Clock`."""
        return datetime.now(UTC)


def main(
    path: Path = typer.Option(Path("plant.db"), help="SQLite file that holds the state."),
    port: int = typer.Option(0, help="Port on 127.0.0.1; 0 picks a free one."),
    reload: float = typer.Option(1.0, help="Seconds until the first model server follows the alias."),
    seed: bool = typer.Option(True, help="Begin with the demo's story when the file is empty."),
) -> None:
    """Run the plant. Example: python -m bot.plant --path plant.db --port 8090"""
    clock = _SystemClock()
    with Plant(path, clock, port, reload=reload) as plant:
        if seed:
            seed_story(plant.state, clock.now())
        typer.echo(f"{plant.url} (state in {path}); stop with Ctrl-C")
        try:
            plant.wait()
        except KeyboardInterrupt:
            typer.echo("stopped")


if __name__ == "__main__":
    typer.run(main)
