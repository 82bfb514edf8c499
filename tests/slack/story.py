"""The night of the story as view models: what every renderer is looked at with."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from playbooks.domain.documents import DocumentState
from playbooks.domain.rights import Authority, Holder, Right
from playbooks.domain.who import StageView, WhoView
from playbooks.messages import (
    ActionStatus,
    AlertPath,
    Announcement,
    Ask,
    Card,
    Changed,
    DigestNote,
    DigestRow,
    DocumentNote,
    EntryNote,
    EntryToConfirm,
    ErrandNote,
    Fact,
    FigureGroup,
    FigureRow,
    FigureView,
    GapList,
    GapRow,
    Help,
    Home,
    IncidentList,
    IncidentRow,
    KeptRow,
    LearnedNote,
    Lever,
    Longest,
    Message,
    OperatorGaps,
    OverrideNote,
    OwnerNote,
    Preview,
    Published,
    PublishedRow,
    Refusal,
    Resolved,
    Say,
    SilenceList,
    SilenceNote,
    SimilarNote,
    SimilarRow,
    Suggestion,
    Summary,
    Tag,
    TeamGaps,
    TimelineList,
    TimelineRow,
    Update,
    VoteNote,
    Who,
)


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """A moment of the night."""
    return datetime(2026, 11, 21, hour, minute, second, tzinfo=UTC)


DANA = Who("dana", "U01DANA", "on call serving")
OMAR = Who("omar", "U02OMAR", "model owner")
LIN = Who("lin", "U03LIN", "deputy")
MEI = Who("mei", "U04MEI")
HASH = "7f3a" + "0" * 60

TAG = Tag(42, "INC-42", "fraud-scorer is drifting", "SEV2", "red_circle", "investigating", "C42INC")
OWNER = OwnerNote(
    tag=TAG,
    summary="fraud-scorer is drifting",
    signal="Drift · PSI of score 0.34, limit 0.20, 4 of the last 4 windows, 18,240 samples, against Oct 1–31",
    since=at(1, 40),
    silent=51 * 60,
    on_call=(DANA,),
    fallback="",
    lead=None,
    changes=(Changed("fraud-scorer v42 → v43", at(0, 10), "the training pipeline"),),
    alerts="3 alerts (2 firing)",
)
CARD = Card(
    tag=TAG,
    next="decide on a rollback.",
    next_action="rollback",
    lead=DANA,
    comms=None,
    silent=51 * 60,
    opened_at=at(2, 31),
    over_at=None,
    signal="Drift · PSI 0.34, limit 0.20, 18,240 samples",
    since=at(1, 40),
    alerts="3 alerts (2 firing)",
    upstream=(Fact("transactions-features", "fresh"), Fact("merchant-embeddings", "6 h late", warn=True)),
    containment="none yet",
    automation=(Fact("auto-decline", "ON (reads fraud-scorer)"),),
    fallback="rules engine v3",
    decide=(OMAR, LIN),
    levers=(Lever("rollback", "fraud-scorer"), Lever("disable", "auto-decline")),
    update_due=at(3, 30),
)
PREVIEW = Preview(
    action=17,
    verb="Roll back",
    component="fraud-scorer",
    before="43",
    after="42",
    note="v42 served 19 days without an incident, marked good on 2 Nov (evaluation 0.941)",
    current="v43 has served 4 h 24 min, 212,000 decisions",
    affects=("auto-decline", "manual-review queue"),
    takes=40,
    proof="20 answers in a row carry v42",
    deciders=(OMAR,),
    deputies=(LIN,),
    needed=1,
    confirm_is_approval=False,
    if_silent="If nobody answers in 10 min, {0} is asked.",
    expires_at=at(2, 49),
    hash=HASH,
    others=("41", "40"),
    incident="INC-42",
)
ERRAND = ErrandNote(
    action=18,
    verb="disable",
    component="auto-decline",
    before="on",
    after="off",
    incident="INC-42",
    because="declines from v43",
    instructions="Back office → Rules → auto-decline → *Pause*.",
    asked=(OMAR, LIN),
    reader="",
    open=True,
    in_channel=True,
)
CLAIMED = replace(ERRAND, open=False, claimed_by=OMAR, evidence="the rule shows paused", claimed_at=at(2, 49))
ASK = Ask(
    action=17,
    verb="Roll back",
    component="fraud-scorer",
    before="43",
    after="42",
    requester=DANA,
    because="drift since v43",
    incident="INC-42",
    severity="SEV2",
    hash=HASH,
    expires_at=at(2, 49),
    deciders=(OMAR, LIN),
    given=0,
    needed=1,
    plan=(Fact("Target", "fraud-scorer@champion"), Fact("Proof", "20 answers in a row carry v42")),
)
STATUS = ActionStatus(
    action=17,
    verb="Roll back",
    component="fraud-scorer",
    before="43",
    after="42",
    state="confirmed",
    steps=(
        ("approved by {0} as *model owner*", None),
        ("alias moved", at(2, 36, 4)),
        ("servers answering v42: 3 of 3", None),
        ("confirmed", at(2, 36, 41)),
    ),
    evidence="",
    people=(OMAR,),
    undo="/rollback fraud-scorer to v43",
    note="v43 is marked bad for INC-42, so it will not be chosen as a target.",
)
OFF = OverrideNote(
    override=118,
    component="auto-decline",
    phase="off",
    due_at=at(6, 37),
    since=at(2, 37),
    warn_at=at(6, 22),
    holder=DANA,
    evidence="the flag reads off in production",
    confirmed_at=at(2, 37, 9),
    restores_itself=True,
    why_not="",
    incident="INC-42",
    action=18,
)
ROWS = (
    TimelineRow(1, at(1, 40), "exact", "PSI of score above 0.20", None, False),
    TimelineRow(7, at(2, 32), "minute", "took the lead", DANA, False, "https://muster.slack.com/archives/C42/p1"),
    TimelineRow(9, at(2, 34), "approx", "late embeddings ruled out", DANA, True),
)
LIST = IncidentList((IncidentRow(TAG, at(2, 31), DANA, "fraud-scorer"), IncidentRow(TAG, at(2, 31), None, "")), more=3)
RESOLVED = Resolved(
    tag=TAG,
    figures=(
        Fact("Silent", "51 min"),
        Fact("detected → acknowledged", "1 min"),
        Fact("authority asked → given", "1 min 48 s"),
        Fact("decided → verified", "41 s"),
    ),
    facts_checked=32,
    events=61,
    questions=6,
    owner=MEI,
    review_due=at(9, 0) + timedelta(days=5),
    link="https://muster.slack.com/files/F1",
    similar=("INC-17", "INC-29"),
    published=(("wiki", "https://wiki.example.com/7"),),
)
SIMILAR = SimilarNote(
    TAG,
    (
        SimilarRow(
            17,
            "INC-17",
            "fraud-scorer is drifting",
            "same component and failure, 3 weeks ago",
            ("rollback of fraud-scorer: 41 → 40",),
            ((12, "prevent", at(2, 0) - timedelta(days=49), True), (14, "", at(2, 0), False)),
        ),
        SimilarRow(29, "INC-29", "merchant-embeddings is stale", "upstream component, 2 months ago"),
    ),
)
FIGURES = FigureView(
    about="fraud-ml",
    days=30,
    count=14,
    before=16,
    still_open=2,
    drills=1,
    backfills=2,
    pending=3,
    rows=(
        FigureRow("Silent", 720, 14, 0, False, 1200, 16),
        FigureRow("Acknowledge", 66, 2, 12, True),
        FigureRow("Verify", None, 0, 14, True, 41, 1),
        FigureRow("Resolve", 3 * 86400 + 3600, 14, 0, False, 86400, 16),
    ),
    by="component",
    groups=(FigureGroup("fraud-scorer", 12, 2580), FigureGroup("auto-decline", 1, None)),
    more=3,
    link="https://muster.example.com/stats/30?until=1&sign=x",
)
DIGEST = DigestNote(
    team="fraud-ml",
    start=at(9, 0) - timedelta(days=7),
    end=at(9, 0),
    count=5,
    usual=11,
    weeks=4,
    rows=(DigestRow("Silent", 720, 1200), DigestRow("Resolve", 86400, None)),
    again=(("INC-42", "INC-17"),),
    more_again=1,
    late=((12, "omar", "INC-17", at(2, 0) - timedelta(days=9)), (14, "", "", at(2, 0))),
    more_late=2,
    longest=Longest("INC-41", "merchant-embeddings", 7200),
)
LEARNED = LearnedNote(
    42, "INC-42", "fraud-scorer is drifting", "fraud-scorer", "fraud-ml", "It reads your merchant-embeddings", 2
)
REFUSAL = Refusal(
    "You can't ask for this rollback: it belongs to *fraud-ml on call* (now @dana) or @omar.",
    ask=(DANA,),
    who_may="fraud-scorer",
)
UNKNOWN = Refusal(
    "I don't know *auto-declin*.",
    "Did you mean *auto-decline* (automation, fraud-ml)?",
    suggestion="/disable auto-decline for 4h",
    suggestion_label="Disable auto-decline…",
)
HELP = Help(
    "/inc",
    (
        ("Open", (("/inc new [component] [sev2] [what is wrong]", "opens an incident"), ("/inc list", "what is open"))),
        (
            "Act",
            (("/rollback fraud-scorer", "rolls a model back"), ("/disable auto-decline for 4h", "switches it off")),
        ),
    ),
)
WHO = WhoView(
    component="fraud-scorer",
    kind="model",
    tier=1,
    team="fraud-ml",
    channel="C01FRAUDML",
    stages=(StageView("data", "payments-data", ()), StageView("serving", "ml-platform", ("dana",))),
    on_call=("dana", "omar"),
    rights=(
        Authority(Right.ROLL_BACK, (Holder("omar", "model owner"),), (Holder("lin", "deputy"),), 1),
        Authority(Right.DISABLE, (), (), 1, missing="Nobody is named who may disable it."),
        Authority(Right.ENABLE, (), (), 0),
        Authority(Right.ACCEPT_RISK, (Holder("ravi", "member of risk-product"),), (), 2, longest=timedelta(days=30)),
    ),
    depends_on=("transactions-features", "merchant-embeddings"),
    read_by=("auto-decline",),
    fallback="rules engine v3",
    levers=(("rollback", "mlflow"),),
    reviewed_on=date(2026, 9, 1),
    review_due=date(2026, 11, 20),
    overdue=True,
    missing=("Nobody is on call for payments-data now.", "No team owns the stages training, product."),
)
PEOPLE = {"dana": DANA, "omar": OMAR, "lin": LIN}

GAP = GapRow("fraud-scorer", "No fallback is named.", "Write under `fallback` what takes over.", at(2, 0))
DUE = EntryToConfirm("fraud-scorer", "5f0c9a7e5f0c9a7e", (GAP,), 2, date(2026, 11, 20), True)
CONFIRMED = replace(DUE, confirmed_by=DANA, confirmed_at=at(3, 0))

MUTED = SilenceNote(
    3, "silence", "drift on fraud-scorer", "on", "the index is rebuilt", DANA, at(2, 0), at(4, 0), True, 7
)
PLANNED = replace(
    MUTED, number=4, kind="maintenance", phase="planned", starts_at=at(22, 0), ends_at=at(23, 30), muted=0
)
OVER = replace(MUTED, phase="over", ended_at=at(3, 0), ended_by=OMAR)
KEPT = KeptRow("muted", "fraud-scorer", "drift", 7, 2, at(2, 40))
WHY = AlertPath(
    alert="0199aa3c-7d0e-7c3e-9a55-0b1f6f0f6c11",
    name="ModelDriftHigh",
    source="alertmanager",
    component="fraud-scorer",
    status="firing",
    decision="attached",
    reason="an incident of what its component reads is open",
    received_at=at(2, 31),
    updated_at=at(2, 40),
    seen=3,
    steps=(
        ("verify", "passed", "the sender's secret or signature was right"),
        ("dedup", "new", "this episode was not known"),
        ("route", "fraud-scorer", "labels.component = fraud-scorer"),
        ("inhibit", "attached", "fraud-scorer reads transactions-features, which has INC-41 open"),
    ),
    incident="INC-41",
    channel="C41INC",
    link="https://alerts.example.com/1",
    others=(("0199aa3c-0000", "muted", at(1, 0)),),
)

STANDS = DocumentNote(
    TAG, "status", DocumentState.DRAFT, DANA, at(17, 0), False, True, "answer", 3, 9, half=((4, "ticket, done when"),),
    lacks=("3 questions are open", "check H3 fails (an action item lacks its owner)"), checked=True,
)  # fmt: skip
REVIEWED = replace(STANDS, state=DocumentState.REVIEWED, next="close", open=0, items=2, half=(), lacks=(), points=13)
VOTES = VoteNote(
    TAG, (("learned", "Did you learn something that changes your work?", 3, 1), ("again", "Again?", 0, 0)), (DANA, OMAR)
)
RISK = EntryNote(4, "accepted_risk", "fraud-scorer", "on", "late by a day", LIN, at(2, 0), at(3, 0), (OMAR,))

PUBLISHED = Published(
    TAG,
    (
        PublishedRow("archive", "reviewed", "https://git.example.com/inc-42.md", at(9, 0), "commit"),
        PublishedRow("canvas", "reviewed", "https://muster.slack.com/docs/F1", at(9, 1), "canvas"),
        PublishedRow("docs", "reviewed", "", at(9, 1), "webhook"),
    ),
)
REFUSED_BY_WIKI = PublishedRow(
    "wiki", "draft", "https://wiki.example.com/7", at(8, 0), "page",
    "wiki does not let our credential do this (page, 403).", "Check `providers.wiki.token` and what it may do in wiki.",
)  # fmt: skip

STORY: dict[str, Message] = {
    "published": PUBLISHED,
    "published, one refused": replace(PUBLISHED, rows=(*PUBLISHED.rows[:1], REFUSED_BY_WIKI)),
    "publishing refused": replace(PUBLISHED, rows=(replace(REFUSED_BY_WIKI, link="", at=None),)),
    "document published": replace(STANDS, published=(("wiki", "https://wiki.example.com/7"), ("docs", ""))),
    "document": STANDS,
    "document in review": replace(
        REVIEWED, phase="review", state=DocumentState.IN_REVIEW, next="reviewed", reviewers=(OMAR, LIN), needed=12
    ),
    "document overdue": replace(STANDS, phase="overdue", overdue=True, owner=None),
    "document reviewed": REVIEWED,
    "document without action": replace(STANDS, next="item", open=0, no_action="", half=(), waived="a false alarm"),
    "document of an open incident": replace(STANDS, resolved=False, due_at=None, checked=False, lacks=()),
    "votes": VOTES,
    "silence": MUTED,
    "maintenance": PLANNED,
    "silence over": OVER,
    "silences": SilenceList((MUTED, PLANNED), (OVER,), (KEPT, replace(KEPT, how="held", firing=0)), 2),
    "nothing muted": SilenceList((), (), ()),
    "why": WHY,
    "gaps": GapList((GAP, replace(GAP, since=None, todo="")), 3, "Today's has 1 error.", "fraud-ml"),
    "team gaps": TeamGaps("fraud-ml", (DUE, CONFIRMED), 4),
    "operator gaps": OperatorGaps((GAP,), 1, (GAP,), 2, (("fraud-ml", 7), ("search", 1))),
    "owner": OWNER,
    "card": CARD,
    "preview": PREVIEW,
    "ask": ASK,
    "by hand": ERRAND,
    "claimed": CLAIMED,
    "status": STATUS,
    "off": OFF,
    "list": LIST,
    "timeline": TimelineList(TAG, ROWS, earlier=4),
    "summary": Summary(TAG, (Fact("Lead", "dana"), Fact("Containment", "v42 serves")), ROWS, ("keep v42?",)),
    "resolved": RESOLVED,
    "similar": SIMILAR,
    "figures": FIGURES,
    "digest": DIGEST,
    "calm digest": replace(DIGEST, team="", again=(), late=(), longest=None, more_again=0, more_late=0),
    "learned": LEARNED,
    "refusal": REFUSAL,
    "unknown": UNKNOWN,
    "say": Say("{0} leads INC-42 now.", "Hand it on with `/inc lead @…`.", (DANA,)),
    "announcement": Announcement("Severity is SEV1 now: it was SEV2.", DANA, "Updates are due every 30 min."),
    "update": Update(TAG, "Scores are back to normal.\nWe watch the queue.", DANA, at(2, 50), at(3, 30)),
    "suggestion": Suggestion(TAG, "All alerts have ended. Is it over?"),
    "help": HELP,
    "menu": replace(HELP, brief=True),
    "home": Home(
        (LIST.rows[0],),
        (ASK,),
        (OFF,),
        ("Slack refused `channels:manage` 3 times.",),
        confirm=(DUE,),
        others=2,
        entries=(
            EntryNote(4, "accepted_risk", "fraud-scorer", "on", "late by a day", LIN, at(2, 0), at(3, 0), (OMAR,)),
        ),
    ),
}
