"""Muster as it runs in production, built from the environment. usage: python -m tests.bench.muster"""

from __future__ import annotations

import signal

from bot.settings import Settings
from bot.wiring import build


def main() -> None:
    """Serve until SIGTERM."""
    service = build(Settings.load(env_file=None))
    signal.signal(signal.SIGTERM, lambda *_: service.ask_to_stop())
    service.start()
    service.wait()
    service.stop()


if __name__ == "__main__":
    main()
