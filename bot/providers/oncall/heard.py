"""What sources outside said last: asked in the background, kept for a while, and how old it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from bot.providers.oncall.matching import Found
from playbooks.domain.on_call_file import Source
from playbooks.domain.ownership import Registry
from playbooks.errors import Kind, MusterError

log = structlog.get_logger(__name__)

STALE = 5
"""An answer older than this many times its time to live is not used while a newer one may come at once."""

Key = tuple[str, Source, str]
"""Name of the source, what the registry writes for it, and the registry's hash."""
Ask = Callable[[Registry, Source, datetime], Found]


@dataclass(frozen=True, slots=True)
class Heard:
    """The state of one source.

    Attributes:
        found, at: the last good answer and when it came. why: what went wrong since, without a full stop.
        asked: when it was asked last. not_before: a source that wants a rest is not asked before.
    """

    found: Found | None = None
    at: datetime | None = None
    why: str = ""
    asked: datetime | None = None
    not_before: datetime | None = None

    def younger(self, now: datetime, than: timedelta) -> bool:
        """Whether it was asked less than this long ago; never after the clock was put back."""
        return self.asked is not None and timedelta(0) <= now - self.asked < than

    def resting(self, now: datetime) -> bool:
        """Whether the source wants a rest now."""
        return self.not_before is not None and self.asked is not None and self.asked <= now < self.not_before


@dataclass(slots=True)
class Ear:
    """Asks each source once at a time, outside every lock.

    Attributes:
        now: the time. ask: asks a source, raises MusterError. ttl: how long an answer is new.
        patience: seconds somebody waits who would otherwise have no answer at all; the next one to ask while the same
            question is under way does not wait.
    """

    now: Callable[[], datetime]
    ask: Ask
    ttl: timedelta
    patience: float
    _waited: set[Key] = field(default_factory=set)
    _heard: dict[Key, Heard] = field(default_factory=dict)
    _asking: dict[Key, threading.Event] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, registry: Registry, name: str, source: Source) -> Heard:
        """What is known: at once where it is known, else after waiting for `patience` at most."""
        key = (name, source, registry.sha256)
        now = self.now()
        heard = self._of(key)
        if heard.younger(now, self.ttl) or heard.resting(now):
            return heard
        done = self._begin(key, registry)
        with self._lock:
            waited = key in self._waited
        if waited or heard.younger(now, self.ttl * STALE):
            return heard
        if not done.wait(self.patience):
            with self._lock:
                if key in self._asking:
                    self._waited.add(key)
        return self._of(key)

    def listen(self, registry: Registry, wanted: Iterable[tuple[str, Source, str]]) -> None:
        """Ask these sources (name, source, place) now, one after the other; a place that is down is asked once."""
        down: dict[str, MusterError] = {}
        keys = {(name, source, registry.sha256): place for name, source, place in wanted}
        for key, place in keys.items():
            heard = self._of(key)
            if heard.resting(self.now()):
                continue
            if place in down:
                self._keep(key, _failed(heard, down[place], self.now()))
                continue
            done = self._claim(key)
            if done is None:
                continue
            error = self._ask(key, registry, done)
            if error is not None and error.kind in (Kind.TRANSIENT, Kind.RATE_LIMITED):
                down[place] = error
        self._forget(keys)

    def settle(self, seconds: float) -> None:
        """Wait until no question is under way, for so long at most each."""
        with self._lock:
            waiting = list(self._asking.values())
        for done in waiting:
            done.wait(seconds)

    def forget(self) -> None:
        """Know nothing any more."""
        with self._lock:
            self._heard.clear()

    def _of(self, key: Key) -> Heard:
        with self._lock:
            found = self._heard.get(key)
            if found is not None:
                return found
            # Another registry may have other people for the same names: what is known of it serves until it is asked.
            return next((replace(h, asked=None) for k, h in self._heard.items() if k[:2] == key[:2]), Heard())

    def _keep(self, key: Key, heard: Heard) -> None:
        with self._lock:
            self._heard[key] = heard

    def _forget(self, keys: Iterable[Key]) -> None:
        """What no team names any more."""
        kept = set(keys)
        with self._lock:
            self._heard = {key: heard for key, heard in self._heard.items() if key in kept}

    def _claim(self, key: Key) -> threading.Event | None:
        with self._lock:
            if key in self._asking:
                return None
            return self._asking.setdefault(key, threading.Event())

    def _begin(self, key: Key, registry: Registry) -> threading.Event:
        done = self._claim(key)
        if done is None:
            with self._lock:
                return self._asking.get(key) or _set()
        threading.Thread(target=self._ask, args=(key, registry, done), name=f"on-call-{key[0]}", daemon=True).start()
        return done

    def _ask(self, key: Key, registry: Registry, done: threading.Event) -> MusterError | None:
        before = self._of(key)
        now = self.now()
        try:
            found = self.ask(registry, key[1], now)
        except MusterError as error:
            if not before.why:
                log.warning("on_call_unanswered", source=key[0], code=error.code, sentence=error.sentence)
            self._keep(key, _failed(before, error, now))
            return error
        else:
            self._keep(key, Heard(found, now, asked=now))
            return None
        finally:
            with self._lock:
                self._asking.pop(key, None)
                self._waited.discard(key)
            done.set()


def _set() -> threading.Event:
    done = threading.Event()
    done.set()
    return done


def _failed(before: Heard, error: MusterError, now: datetime) -> Heard:
    rest = now + timedelta(seconds=error.retry_after) if error.retry_after else None
    return replace(before, why=error.sentence.strip().rstrip("."), asked=now, not_before=rest)
