"""Every message there is."""

from __future__ import annotations

from playbooks.messages.actions import ActionStatus, Ask, ErrandNote, OverrideNote, Preview
from playbooks.messages.documents import DocumentNote, VoteNote
from playbooks.messages.figures import FigureView
from playbooks.messages.gaps import GapList, OperatorGaps, TeamGaps
from playbooks.messages.hypotheses import HypothesisList
from playbooks.messages.incidents import Announcement, Card, HandoffOffer, OwnerNote, Resolved, Suggestion, Update
from playbooks.messages.late import Late
from playbooks.messages.learning import DigestNote, LearnedNote
from playbooks.messages.ledger import DebtList, EntryNote
from playbooks.messages.lists import IncidentList, Summary, TimelineList
from playbooks.messages.milestones import MilestoneNote
from playbooks.messages.muted import AlertPath, SilenceList, SilenceNote
from playbooks.messages.published import Published
from playbooks.messages.replies import Help, Home, Refusal, Say
from playbooks.messages.reporting import ClockList
from playbooks.messages.similar import SimilarNote

Message = (
    OwnerNote
    | Card
    | Preview
    | Ask
    | ActionStatus
    | ErrandNote
    | OverrideNote
    | EntryNote
    | HandoffOffer
    | Refusal
    | Say
    | IncidentList
    | DebtList
    | ClockList
    | DocumentNote
    | VoteNote
    | GapList
    | TeamGaps
    | SilenceNote
    | SilenceList
    | AlertPath
    | OperatorGaps
    | TimelineList
    | Summary
    | Resolved
    | Published
    | Update
    | Announcement
    | MilestoneNote
    | HypothesisList
    | Suggestion
    | Help
    | Home
    | Late
    | SimilarNote
    | FigureView
    | DigestNote
    | LearnedNote
)
