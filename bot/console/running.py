"""`muster demo`, `muster serve`, `muster doctor`: everything that starts something, or tells whether it would."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from bot.console.speaking import say, settings, show


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play a scripted responder to the end, then exit.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with database, registry and draft.")] = False,
    port: Annotated[int, typer.Option(help="Port of the page; 0 picks a free one.", min=0, max=65535)] = 0,
    http: Annotated[bool, typer.Option("--http", help="Reach Slack over signed HTTP instead of Socket Mode.")] = False,
) -> None:
    """The whole main job on this machine: a local workspace, a model registry, flags, and a drift alert.

    \b
    Example: muster demo
    Example: muster demo --headless --keep

    With --headless the exit code is 0 only if every step was seen to have taken effect.
    """
    from bot import logs
    from bot.demo import play

    logs.set_up("WARNING")
    if headless:
        raise typer.Exit(play.headless(say, keep=keep, socket_mode=not http))
    raise typer.Exit(play.on_page(say, keep=keep, port=port))


def serve() -> None:
    """Run the bot: Socket Mode when SLACK_APP_TOKEN is set, else HTTP. Stops cleanly on SIGTERM and Ctrl-C.

    \b
    Example: muster serve
    """
    import signal

    from bot import allocator

    # Taken up by this thread alone, below: a handler could interrupt it while it holds a lock.
    signals = {signal.SIGTERM, signal.SIGINT}
    allocator.share_pools()
    with _nothing_collected():
        from bot.preconditions import refuse_foreign_names, refuse_missing

        known = settings()
        refuse_foreign_names()
        refuse_missing(known)

        from bot import logs
        from bot.wiring import build

        logs.set_up(known.log_level)
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        service = build(known)
    try:
        service.start()
        way = "Socket Mode" if known.socket_mode else f"HTTP at {service.url}/slack/events"
        typer.echo(f"Muster answers at {service.url}; Slack by {way}. Stop with Ctrl-C.", err=True)
        signal.sigwait(signals)
    finally:
        service.stop()


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """While a start loads and builds what then stays, the garbage collector would go through it all again and again.

    That costs a fifth of the start and finds next to nothing. What is there at the end is never gone through again.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check tokens, scopes, manifest, database, registry, providers and clocks; say what to do for each finding.

    \b
    Example: muster doctor

    Exit code 1 if the bot would not work as it stands.
    """
    from bot import doctor as checks
    from bot.findings import Level

    findings = checks.examine(settings())
    broken = any(finding.level is Level.ERROR for finding in findings)
    if as_json:
        show({"ok": not broken, "findings": [finding.as_dict() for finding in findings]})
    else:
        for finding in findings:
            say(finding.line())
        say("\nMuster would not work as it stands." if broken else "\nMuster can run.")
    raise typer.Exit(1 if broken else 0)
