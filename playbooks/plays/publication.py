"""One document brought to one destination: the intent on disk, looked up by our own key, put, read back, written down.

Run by a durable job, again and again until it stands there; a process killed anywhere finds its page again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from playbooks import errors
from playbooks.domain.drafts.blocks import document
from playbooks.domain.drafts.phrases import roles_by_person
from playbooks.domain.incidents import Incident
from playbooks.domain.publishing import Destination, Outside, Page, Placed, Publication, key_of
from playbooks.domain.timeline import Event
from playbooks.plays.house import House, want
from playbooks.plays.postmortem import draft_of
from playbooks.plays.publishing import SURFACE, destinations_of, read_subject
from playbooks.ports import Publishers, Surface, UnitOfWork

AGAIN = frozenset({errors.Kind.TRANSIENT, errors.Kind.RATE_LIMITED, errors.Kind.UNKNOWN_OUTCOME})
_WRITES = 5  # of a text that does not show, before a person has to look
_TOLD_AFTER = 3  # failures that may pass by themselves are told in the channel from this one on


@dataclass(frozen=True, slots=True)
class _Work:
    incident: Incident
    destination: Destination
    publication: Publication
    page: Page


def bring(house: House, publishers: Publishers, subject: str) -> None:
    """Bring a document to a destination; where its newest text stands already, that is only written down.

    Raises what may pass when the job tries again; any other failure is written down and told.
    """
    number, name = read_subject(subject)
    try:
        work = _work(house, number, name)
        if work is not None:
            _place(house, publishers, work)
    except (errors.StoreBusy, errors.Conflict) as error:
        if error.code != CHANGED_THERE:
            raise
        _failed(house, number, name, error)
    except errors.MusterError as error:
        _failed(house, number, name, error)
        if error.kind in AGAIN:
            raise


CHANGED_THERE = "changed_there"


def _work(house: House, number: int, name: str) -> _Work | None:
    """What there is to do; None where the incident, the wish or the destination is gone."""
    with house.store.read() as uow:
        incident = uow.incident(number)
        publication = uow.publication(number, name)
        if incident is None or publication is None:
            return None
        destination = next((each for each in destinations_of(house, incident) if each.name == name), None)
        if destination is None:
            return None
        return _Work(incident, destination, publication, page_of(house, uow, incident, publication))


def page_of(house: House, uow: UnitOfWork, incident: Incident, publication: Publication) -> Page:
    """The document as it leaves the house. Raises `errors.ChainBroken`, `errors.ConfigError`."""
    outside = Outside(_roles(house, uow.events(incident.id, alerts=False)))
    blocks = draft_of(house, uow, incident).blocks
    plain = [block if block.machine else replace(block, content=outside(block.content)) for block in blocks]
    state = publication.state.replace("_", " ")
    return Page(
        key=key_of(incident.name),
        title=f"{incident.name}: {outside(incident.title)}",
        text=document(plain),
        note=f"{incident.name} postmortem, {state}",
        state=publication.state,
        channel=incident.channel or incident.home,
    )


def _roles(house: House, events: list[Event]) -> Mapping[str, str]:
    """Every name of a person we know, with the role it had in the incident."""
    held = roles_by_person(events)
    found = dict(held)
    for person in house.registry().people.values():
        role = held.get(person.id) or held.get(person.slack) or "a person"
        found.update(dict.fromkeys((person.id, person.slack, person.email), role))
    return {name: role for name, role in found.items() if name}


# ---------------------------------------------------------------- the act


def _place(house: House, publishers: Publishers, work: _Work) -> None:
    page, to, was = work.page, work.destination.to, work.publication
    publisher = publishers.get(work.destination.provider)
    known = Placed(was.place, was.link, was.digest, was.form) if was.place else None
    there = publisher.find(to, page, known)
    if there is None or there.digest != page.digest:
        _refuse_to_replace(work, there)
        _intend(house, was, page)
        put = publisher.put(to, page, there)
        there = publisher.find(to, page, put)
        if there is None or there.digest != page.digest:
            raise _unseen(work)
    _record(house, was, page, there)


def _unseen(work: _Work) -> errors.ProviderError:
    """Some places show what was written a little later; one that never does is a person's to look at."""
    over = work.publication.attempts + 1 >= _WRITES
    return errors.ProviderError(
        f"{work.destination.name} took the document of {work.incident.name}, and does not show it.",
        "Look whether something there changes or hides it." if over else "It is tried again.",
        code="not_read_back",
        kind=errors.Kind.PERMANENT if over else errors.Kind.TRANSIENT,
    )


def _refuse_to_replace(work: _Work, there: Placed | None) -> None:
    """What somebody else wrote there is never lost without a word. Raises Conflict."""
    was = work.publication
    if there is None or was.over or was.trying or there.digest == was.digest:
        return
    what = "was changed there since it was published" if was.digest else "is there already, and not from here"
    name = work.incident.name
    raise errors.Conflict(
        f"The page of {name} at {work.destination.name} {what}; it was left as it is.",
        f"Take what is new there into the draft, then replace it: `/postmortem {name} publish over`.",
        code=CHANGED_THERE,
    )


def _intend(house: House, was: Publication, page: Page) -> None:
    """On disk before the act: whoever finds a page that is not what was seen last knows whose it is."""
    with house.store.begin() as uow:
        fresh = uow.publication(was.incident_id, was.name) or was
        uow.save_publication(replace(fresh, trying=page.digest))


def _record(house: House, was: Publication, page: Page, there: Placed) -> None:
    """What was read back, with the message that shows it."""
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.publication(was.incident_id, was.name) or was
        done = replace(
            fresh,
            place=there.place,
            link=there.link,
            form=there.form,
            digest=page.digest,
            trying="",
            attempts=0,
            error="",
            next_step="",
            over=False,
            published_at=now,
        )
        uow.save_publication(done)
        show(uow, was.incident_id, now)


def _failed(house: House, number: int, name: str, error: errors.MusterError) -> None:
    with house.store.begin() as uow:
        now = house.now()
        fresh = uow.publication(number, name)
        if fresh is None:
            return
        tried = fresh.attempts + 1
        uow.save_publication(replace(fresh, attempts=tried, error=error.sentence, next_step=error.next_step))
        uow.notice(f"publish:{name}:{error.code}", f"INC-{number}, {name}: {error.told}", now=now)
        if error.kind not in AGAIN or tried >= _TOLD_AFTER:
            show(uow, number, now)


def show(uow: UnitOfWork, incident_id: int, now: datetime) -> None:
    """The message with all links, and the one at the end of the incident, where there is one."""
    target = f"incident:{incident_id}"
    want(uow, Surface(f"{SURFACE}:{incident_id}", SURFACE, target, incident_id=incident_id), now=now)
    for surface in uow.surfaces_of(incident_id):
        if surface.kind == "resolved":
            want(uow, surface, now=now)
