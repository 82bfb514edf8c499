"""What people type, as they type it: the meaning, the mistakes, and no surprise for any text at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import SHORT_COMMANDS
from bot.slack import grammar, grammar_words
from bot.slack.grammar import (
    Args,
    DecideArgs,
    DisableArgs,
    EnableArgs,
    ExtendArgs,
    HelpArgs,
    LeadArgs,
    NewArgs,
    NoArgs,
    NoteArgs,
    Parsed,
    Person,
    PostmortemArgs,
    ResolveArgs,
    RoleArgs,
    RollbackArgs,
    SevArgs,
    TextArgs,
    WhoArgs,
    parse,
)
from playbooks import errors

KNOWN = ("fraud-scorer", "auto-decline")

TABLE: list[tuple[str, str, Args]] = [
    ("new", "new", NewArgs()),
    ("declare fraud-scorer sev2 declines doubled", "new", NewArgs("fraud-scorer", "sev2", "declines doubled")),
    ("new SEV 1 fraud-scorer it lies", "new", NewArgs("fraud-scorer", "sev1", "it lies")),
    ("new 2 of 3 replicas lie", "new", NewArgs("", "", "2 of 3 replicas lie")),
    ("new something else is odd", "new", NewArgs("", "", "something else is odd")),
    ("list", "list", NoArgs()),
    ("status", "status", NoArgs()),
    ("catchup", "summary", NoArgs()),
    ("timeline", "timeline", NoArgs()),
    ("ack", "ack", TextArgs()),
    ("ic <@U01DANA|dana>", "lead", LeadArgs(Person("U01DANA", "dana"))),
    ("captain <@U01DANA>", "lead", LeadArgs(Person("U01DANA", "U01DANA"))),
    ("lead me", "lead", LeadArgs(Person())),
    ("lead", "lead", LeadArgs(Person())),
    ("lead @dana", "lead", LeadArgs(Person("", "dana"))),
    ("role comms <@U04MEI|mei tanaka>", "role", RoleArgs("comms", Person("U04MEI", "mei_tanaka"))),
    ("role <@U04MEI|mei> Comms", "role", RoleArgs("comms", Person("U04MEI", "mei"))),
    ("role comms", "role", RoleArgs("comms", Person())),
    ("sev 2", "sev", SevArgs("sev2")),
    ("sev2", "", SevArgs("sev2")),
    ("severity SEV3 because it is contained", "sev", SevArgs("sev3", "it is contained")),
    ("sev critical", "sev", SevArgs("critical")),
    ("update Scores are back.\nWe watch.", "update", TextArgs("Scores are back.\nWe watch.")),
    ("note 10:42 rebooted", "note", NoteArgs("10:42", "rebooted")),
    ("note 10:42 UTC rebooted", "note", NoteArgs("10:42 UTC", "rebooted")),
    ("note 10m ago rebooted", "note", NoteArgs("10m ago", "rebooted")),
    ("note 1 h 30 min ago rebooted", "note", NoteArgs("1 h 30 min ago", "rebooted")),
    ("note yesterday 22:10 v43 went out", "note", NoteArgs("yesterday 22:10", "v43 went out")),
    ("note 2026-11-20 22:10 +01:00 v43 went out", "note", NoteArgs("2026-11-20 22:10 +01:00", "v43 went out")),
    ("note 3 replicas restarted", "note", NoteArgs("", "3 replicas restarted")),
    ("mitigated rolled back", "mitigated", TextArgs("rolled back")),
    ("fixed", "resolve", ResolveArgs()),
    ("resolved all clear", "resolve", ResolveArgs("all clear")),
    ("who fraud-scorer?", "who", WhoArgs("fraud-scorer")),
    ("owner `fraud-scorer`", "who", WhoArgs("fraud-scorer")),
    ("rollback fraud-scorer", "rollback", RollbackArgs("fraud-scorer")),
    ("rollback fraud-scorer to v42 because drift", "rollback", RollbackArgs("fraud-scorer", "v42", "drift")),
    ("rollback Fraud-Scorer v42", "rollback", RollbackArgs("fraud-scorer", "v42")),
    ("rollback fraud-scorer because: it lies", "rollback", RollbackArgs("fraud-scorer", "", "it lies")),
    ("disable auto-decline for 4h", "disable", DisableArgs("auto-decline", "4h")),
    ("disable auto-decline 90 min", "disable", DisableArgs("auto-decline", "90 min")),
    (
        "disable auto-decline until tomorrow 06:30 because declines",
        "disable",
        DisableArgs("auto-decline", "", "tomorrow 06:30", "declines"),
    ),
    ("enable auto-decline because over", "enable", EnableArgs("auto-decline", "over")),
    ("extend auto-decline by 2h", "extend", ExtendArgs("auto-decline", None, "2h")),
    ("extend D-118 until 09:00 because watching", "extend", ExtendArgs("", 118, "", "09:00", "watching")),
    ("extend 2h", "extend", ExtendArgs("", None, "2h")),
    ("approve 17", "approve", DecideArgs(17)),
    ("approve", "approve", DecideArgs()),
    ("deny #17 because too risky", "deny", DecideArgs(17, "too risky")),
    ("deny too risky", "deny", DecideArgs(None, "too risky")),
    ("audit", "audit", NoArgs()),
    ("help Sev", "help", HelpArgs("sev")),
]


@pytest.mark.parametrize(("text", "verb", "args"), [row for row in TABLE if row[1]], ids=lambda v: str(v)[:40])
def test_the_verbs(text: str, verb: str, args: Args) -> None:
    """Verb, synonym and arguments."""
    parsed = parse(text, components=KNOWN)
    assert (parsed.verb, parsed.args, parsed.incident) == (verb, args, None)
    assert parsed.bare == (len(text.split()) == 1)


@pytest.mark.parametrize("name", ["INC-42", "inc-42", "inc42", "#42", "42"])
def test_an_incident_may_stand_first(name: str) -> None:
    """Outside its channel an incident is named first."""
    assert parse(f"{name} sev 2") == Parsed("sev", SevArgs("sev2"), 42)
    assert parse(name) == Parsed("status", NoArgs(), 42, bare=True)
    assert parse(f"timeline {name}") == Parsed("timeline", NoArgs(), 42, bare=True)


def test_an_unknown_component_is_told_before_its_time() -> None:
    """The end is asked for where there is something to switch off."""
    assert parse("disable auto-declin", components=KNOWN).args == DisableArgs("auto-declin")


def test_no_words_mean_the_menu() -> None:
    """Alone it shows what there is."""
    assert parse("  ") == Parsed("menu", NoArgs(), bare=True)


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("/rollback", "", Parsed("rollback", RollbackArgs(), bare=True)),
        ("/rollback", "fraud-scorer", Parsed("rollback", RollbackArgs("fraud-scorer"))),
        ("/rollback", "INC-42 fraud-scorer", Parsed("rollback", RollbackArgs("fraud-scorer"), 42)),
        ("/disable", "auto-decline for 4h", Parsed("disable", DisableArgs("auto-decline", "4h"))),
        ("/enable", "auto-decline", Parsed("enable", EnableArgs("auto-decline"))),
        ("/owner", "fraud-scorer", Parsed("who", WhoArgs("fraud-scorer"))),
        ("/postmortem", "INC-7", Parsed("postmortem", PostmortemArgs(), 7, bare=True)),
        ("/muster", "list", Parsed("list", NoArgs(), bare=True)),
        ("/muster", "ack INC-7", Parsed("ack", TextArgs(), 7, bare=True)),
        ("/muster", "resolve INC-7", Parsed("resolve", ResolveArgs(), 7, bare=True)),
        ("/muster", "note INC-7 was the same", Parsed("note", NoteArgs("", "INC-7 was the same"))),
    ],
)
def test_the_short_commands(command: str, text: str, expected: Parsed) -> None:
    """Five commands for three in the morning, and a renamed root."""
    assert parse(text, command=command, root="/muster") == expected


@pytest.mark.parametrize(
    ("command", "text", "expected"),
    [
        ("/rollback", "fraud scorer", RollbackArgs("fraud-scorer")),
        ("/rollback", "Fraud Scorer to v41 because x", RollbackArgs("fraud-scorer", "v41", "x")),
        ("/rollback", "fraud scorer v41", RollbackArgs("fraud-scorer", "v41")),
        ("/disable", "auto decline for 4h", DisableArgs("auto-decline", "4h")),
        ("/enable", "auto decline", EnableArgs("auto-decline")),
        ("/owner", "auto decline?", WhoArgs("auto-decline")),
    ],
)
def test_a_known_name_may_be_typed_with_blanks(command: str, text: str, expected: Args) -> None:
    """Telephones put no dash between words."""
    assert parse(text, command=command, components=KNOWN).args == expected


def test_the_root_cannot_have_the_name_of_a_short_command() -> None:
    """What the configuration refuses is what the grammar knows."""
    assert frozenset(SHORT_COMMANDS) == frozenset(grammar.SHORT)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stauts", "I don't know `stauts`. Did you mean `/inc status`?"),
        ("resolv", "I don't know `resolv`. Did you mean `/inc resolve`?"),
        ("xyzzy", "I don't know `xyzzy`. See `/inc help`."),
        (
            "disable auto-decline",
            "For how long? Whatever is disabled needs an end; auto-decline comes back then. "
            "Write it like this: `/inc disable auto-decline for 4h`.",
        ),
        (
            "rollback fraud-scorer drift is bad",
            "I can't read `drift is bad` as a version. "
            "Write it like this: `/inc rollback <component> [to <version>] [because …]`.",
        ),
        ("disable for 4h", "Which component? Write it like this: `/inc disable <component> for 4h [because …]`."),
        ("list everything", "I don't know what to do with `everything` there. Write just `/inc list`."),
    ],
)
def test_mistakes_are_answered_with_the_next_step(text: str, told: str) -> None:
    """One sentence and how to write it."""
    with pytest.raises(errors.InputError) as caught:
        parse(text)
    assert caught.value.told == told


def test_an_unknown_verb_carries_the_nearest() -> None:
    """For a button."""
    with pytest.raises(errors.UnknownName) as caught:
        parse("rolback fraud-scorer")
    assert caught.value.nearest[0] == "rollback"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("“smart”\u00a0quotes", '"smart" quotes'),
        ("see <http://x.y|x.y> and <https://a.b/c?d&amp;e>", "see x.y and https://a.b/c?d&e"),
        ("<https://evil.example|https://bank.example>", "https://evil.example"),
        ("in <#C01FRAUDML|fraud-ml> by <@U01DANA|dana>", "in fraud-ml by @dana"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("<!subteam^S01ONCALL|@ml-oncall> <!here>", "@ml-oncall @here"),
        ("&lt;@U01DANA&gt;", "<@U01DANA>"),
    ],
)
def test_slacks_own_forms_read_as_seen(typed: str, read: str) -> None:
    """What reaches the timeline is what the person saw."""
    assert grammar_words.readable(typed)[0] == read
    assert parse(f"update {typed}").args == TextArgs(read)


def test_the_bot_can_be_mentioned_instead() -> None:
    """Slash commands do not work in threads."""
    assert grammar.parse_mention("<@U0MUSTER> note 10:42 seen") == Parsed("note", NoteArgs("10:42", "seen"))
    assert grammar.parse_mention("<@U0MUSTER|muster>, who fraud-scorer").args == WhoArgs("fraud-scorer")


WORDS = st.lists(
    st.sampled_from(
        [name for verb, spec in grammar.VERBS.items() for name in (verb, *spec.synonyms)]
        + "INC-42 #7 42 to for until by because ago 4h 10:42 10m D-118 v42 sev 2 sev2 @dana <@U1|x> < > & ` * \n".split(
            " "
        )
        + ["9" * 30, "x" * 500, "<" * 50, "\u00a0", "“", "", "\x00"]
    ),
    max_size=8,
).map(" ".join)


@given(
    text=st.one_of(st.text(max_size=200), WORDS),
    command=st.sampled_from(["/inc", *grammar.SHORT]),
)
@settings(max_examples=600, deadline=None)
def test_no_text_breaks_the_reader(text: str, command: str) -> None:
    """Anything typed is a command or a sentence with a next step."""
    try:
        parsed = parse(text, command=command, components=KNOWN)
    except errors.InputError:
        return
    assert parsed.verb == "menu" or parsed.verb in grammar.VERBS


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True).filter(
    lambda n: n not in ("because", "for", "until", "till", "by", "to")
)
REASONS = st.from_regex(r"[A-Za-z][A-Za-z0-9 ,.]{0,40}[a-z]", fullmatch=True).map(lambda t: " ".join(t.split()))
SPANS = st.builds("{}{}".format, st.integers(1, 999), st.sampled_from(["m", "h", "d", " min", " hours"]))


@given(NAMES, NAMES, REASONS, st.integers(1, 999_999_999))
@settings(max_examples=200)
def test_a_rollback_reads_back(component: str, version: str, reason: str, incident: int) -> None:
    """What was meant is what is read."""
    parsed = parse(f"INC-{incident} {component} to {version} because {reason}", command="/rollback")
    assert parsed == Parsed("rollback", RollbackArgs(component, version, reason), incident)


@given(NAMES, SPANS, REASONS)
@settings(max_examples=200)
def test_a_disable_reads_back(component: str, span: str, reason: str) -> None:
    """Component, time box and reason."""
    parsed = parse(f"{component} for {span} because {reason}", command="/disable")
    assert parsed.args == DisableArgs(component, span, "", reason)


def test_a_huge_text_is_read_at_once() -> None:
    """No pattern walks a long text twice."""
    for text in ("note 1m" + " " * 50_000, "because " * 20_000, "note " + "1" * 50_000, "x" * 100_000):
        try:
            parse(text)
        except errors.InputError:
            continue
