"""What each message says, as values: the plays fill them, `bot.slack.blocks` renders them. No markup here.

Every text from outside stands raw in these values; the renderer escapes it. Times are UTC; the renderer shows them
in the reader's zone.
"""

from __future__ import annotations

from playbooks.messages.actions import ActionStatus, Ask, ErrandNote, OverrideNote, Preview
from playbooks.messages.documents import DocumentNote, VoteNote
from playbooks.messages.figures import FigureGroup, FigureRow, FigureView
from playbooks.messages.gaps import EntryToConfirm, GapList, GapRow, OperatorGaps, TeamGaps
from playbooks.messages.hypotheses import HypothesisList, HypothesisRow
from playbooks.messages.incidents import (
    Announcement,
    Card,
    HandoffOffer,
    Lever,
    OwnerNote,
    Resolved,
    StandingLine,
    Suggestion,
    Update,
)
from playbooks.messages.late import Late
from playbooks.messages.learning import DigestNote, DigestRow, LearnedNote, Longest
from playbooks.messages.ledger import DebtList, DebtRow, EntryNote, TeamRow
from playbooks.messages.lists import (
    IncidentList,
    IncidentRow,
    Summary,
    TimelineList,
    TimelineRow,
)
from playbooks.messages.milestones import MilestoneNote
from playbooks.messages.muted import AlertPath, KeptRow, SilenceList, SilenceNote
from playbooks.messages.parts import Changed, Fact, Tag, Who
from playbooks.messages.published import Published, PublishedRow
from playbooks.messages.replies import Help, Home, Refusal, Say
from playbooks.messages.reporting import ClockList, ClockRow
from playbooks.messages.similar import SimilarNote, SimilarRow
from playbooks.messages.union import Message

__all__ = [
    "ActionStatus",
    "AlertPath",
    "Announcement",
    "Ask",
    "Card",
    "Changed",
    "ClockList",
    "ClockRow",
    "DebtList",
    "DebtRow",
    "DigestNote",
    "DigestRow",
    "DocumentNote",
    "EntryNote",
    "EntryToConfirm",
    "ErrandNote",
    "Fact",
    "FigureGroup",
    "FigureRow",
    "FigureView",
    "GapList",
    "GapRow",
    "HandoffOffer",
    "Help",
    "Home",
    "HypothesisList",
    "HypothesisRow",
    "IncidentList",
    "IncidentRow",
    "KeptRow",
    "Late",
    "LearnedNote",
    "Lever",
    "Longest",
    "Message",
    "MilestoneNote",
    "OperatorGaps",
    "OverrideNote",
    "OwnerNote",
    "Preview",
    "Published",
    "PublishedRow",
    "Refusal",
    "Resolved",
    "Say",
    "SilenceList",
    "SilenceNote",
    "SimilarNote",
    "SimilarRow",
    "StandingLine",
    "Suggestion",
    "Summary",
    "Tag",
    "TeamGaps",
    "TeamRow",
    "TimelineList",
    "TimelineRow",
    "Update",
    "VoteNote",
    "Who",
]
