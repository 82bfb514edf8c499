"""Files of captured messages: kept once as bytes beside the chain, with their digest in an event of it."""

from __future__ import annotations

from hashlib import sha256

from playbooks import errors
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import Event, EventKind, EventSource, NewEvent
from playbooks.domain.wording import one_line
from playbooks.plays.house import House, redraw
from playbooks.ports import Attachment, FileRef, Files

KIND = "attachments"
MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 10
_AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})


def fetch(house: House, files: Files, event_id: str) -> None:
    """Fetch what hangs on a captured message; what cannot be had leaves a sentence in the timeline.

    Raises:
        errors.SlackError: of a kind that may be tried again; what is kept by then is not fetched twice.
    """
    with house.store.read() as uow:
        event = uow.event(event_id)
        known = {a.file_id for a in uow.attachments(event.incident_id) if a.event_id == event_id} if event else set()
    if event is None or event.redacted:
        return
    found = files.of_message(str(event.payload.get("channel", "")), str(event.payload.get("ts", "")))
    if found is None:
        _write(house, event, FileRef("", "its files", "", 0, ""), None, "the message can no longer be read")
        return
    for file in found[:MOST_FILES]:
        if file.id not in known:
            _one(house, files, event, file)
    if len(found) > MOST_FILES:
        rest = FileRef("more", f"{len(found) - MOST_FILES} more files", "", 0, "")
        _write(house, event, rest, None, f"a message brings {MOST_FILES} at most")


def _one(house: House, files: Files, event: Event, file: FileRef) -> None:
    if not file.url:
        _write(house, event, file, None, "Slack gives no address for it")
    elif file.size > MOST_BYTES:
        _write(house, event, file, None, f"it is larger than {MOST_BYTES // 1024 // 1024} MB")
    else:
        try:
            content = files.download(file, most=MOST_BYTES)
        except errors.SlackError as error:
            if error.kind in _AGAIN:
                raise
            _write(house, event, file, None, error.sentence)
        else:
            _write(house, event, file, content, "")


def _write(house: House, event: Event, file: FileRef, content: bytes | None, why: str) -> None:
    """The bytes and the event that names their digest, in one transaction; redacted meanwhile, nothing is kept."""
    name = one_line(file.name, 120) or "a file without a name"
    digest = sha256(content).hexdigest() if content is not None else ""
    size = len(content) if content is not None else file.size
    state = "kept" if content is not None else "missing"
    with house.store.begin() as uow:
        now = house.now()
        incident = uow.incident(event.incident_id, lock=True)
        fresh = uow.event(event.id)
        if incident is None or fresh is None or fresh.redacted:
            return
        kept = Attachment(event.id, file.id, incident.id, name, file.mime, size, digest, state, one_line(why), now)
        if not uow.save_attachment(kept, content):
            return
        said = f"attachment: {name}, sha256 {digest}" if digest else f"attachment: {name}, not kept: {one_line(why)}"
        new = NewEvent(
            kind=EventKind.NOTE,
            text=said,
            actor=MUSTER,
            occurred_at=event.occurred_at,
            source=EventSource.JOB,
            dedup_key=f"attachment:{event.id}:{file.id}",
            source_ref=event.new.source_ref,
            component=event.new.component,
            payload={"attachment_of": event.id, "event": event.seq, "sha256": digest, "type": file.mime, "size": size},
        )
        uow.append(incident.id, new, now=now)
        redraw(uow, incident, now=now)
