"""What the plays need from outside, as protocols; bot and storage implement them."""

from __future__ import annotations

from playbooks.ports.actions import Actions
from playbooks.ports.alerts import (
    Alerts,
    AlertTouch,
    Arrival,
    Counted,
    Episode,
    Growth,
    KnownAlert,
    OpenIncident,
    Quarantined,
    Series,
    StoredAlert,
)
from playbooks.ports.attachments import Attachment, Attachments, FileRef, Files
from playbooks.ports.durable import Durable, Job, JobBoard, Lanes, Surface, Timer
from playbooks.ports.gaps import Directory, Gaps
from playbooks.ports.incidents import Incidents, NewIncident
from playbooks.ports.memory import Captured, Document, Memory
from playbooks.ports.messenger import Messenger, Posted
from playbooks.ports.outside import Clock, Ids, Lever, Levers, OnCall, Probe
from playbooks.ports.publishing import Canvases, Publications, Publisher, Publishers
from playbooks.ports.silences import KeptBack, Redecided, Silences
from playbooks.ports.store import Store, UnitOfWork

__all__ = [
    "Actions",
    "AlertTouch",
    "Alerts",
    "Arrival",
    "Attachment",
    "Attachments",
    "Canvases",
    "Captured",
    "Clock",
    "Counted",
    "Directory",
    "Document",
    "Durable",
    "Episode",
    "FileRef",
    "Files",
    "Gaps",
    "Growth",
    "Ids",
    "Incidents",
    "Job",
    "JobBoard",
    "KeptBack",
    "KnownAlert",
    "Lanes",
    "Lever",
    "Levers",
    "Memory",
    "Messenger",
    "NewIncident",
    "OnCall",
    "OpenIncident",
    "Posted",
    "Probe",
    "Publications",
    "Publisher",
    "Publishers",
    "Quarantined",
    "Redecided",
    "Series",
    "Silences",
    "Store",
    "StoredAlert",
    "Surface",
    "Timer",
    "UnitOfWork",
]
