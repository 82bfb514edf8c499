"""The table of the AI system: read by snapshots, cited, with the reason where something could not be read."""

from playbooks.domain.drafts.snapshots import snapshots_of
from tests.drafts.chains import Chain, K, at, story
from tests.drafts.drafting import draft, problems, scored
from tests.drafts.test_document import block
from tests.drafts.watched import DECLINE, watched


def state(chain: Chain) -> list[str]:
    """The lines of the block."""
    return block(draft(chain).text, "state").split("\n")


def test_the_versions_stand_with_the_event_that_read_them() -> None:
    lines = state(watched())
    assert "| Model: `fraud-scorer@champion` | `42` [E1] | `43` [E4] | `42` [E13] |" in lines
    assert f"| Automation level: `{DECLINE}` | not recorded | `on` [E4] | `on` [E13] |" in lines
    evaluated = "`v{} marked good: evaluation 0.941` [E{}]"
    assert (
        f"| Evaluation suite: `fraud-scorer` | not recorded | {evaluated.format(43, 4)} | {evaluated.format(42, 13)} |"
    ) in lines
    assert "| Fallback (as registered) | not recorded | `rules engine v3` [E4] | `rules engine v3` [E13] |" in lines


def test_what_could_not_be_read_says_why_once() -> None:
    told = [line for line in state(watched()) if line.startswith("Not read")]
    assert told == [
        "Not read (“no lever bound”): prompt or configuration of `fraud-scorer` [E4]",
        "Not read (“airflow did not answer”): data, features or index of `transactions-features` [E4]",
    ]


def test_a_draft_with_snapshots_passes_every_check() -> None:
    chain = watched()
    text = draft(chain).text
    assert [check for check in scored(text, chain).values() if not check.ok] == []
    assert problems(text, chain) == []


def test_a_chain_without_snapshots_says_what_is_not_recorded() -> None:
    assert "Before, during and after not recorded: prompt or configuration;" in "\n".join(state(story()))


def test_a_retracted_snapshot_does_not_count() -> None:
    chain = watched()
    chain.add(K.RETRACTION, at("09:10"), "wrong registry", retracts=chain.events[-1].id, reason="wrong registry")
    assert "| Model: `fraud-scorer@champion` | `42` [E1] | `43` [E4] | `42` [E9] |" in state(chain)
    assert [one.at.seq for one in snapshots_of(chain.events)] == [4, 7]


def test_the_summary_does_not_grow() -> None:
    chain = watched()
    assert "fraud-scorer@champion v43" not in block(draft(chain).text, "summary")


def test_snapshots_are_given_as_values() -> None:
    found = snapshots_of(watched().events)
    assert [(one.moment, one.action, len(one.rows)) for one in found] == [
        ("declared", None, 7),
        ("action", 17, 7),
        ("resolved", None, 8),
    ]
    assert [fact.read for fact in found[0].rows if not fact.known] == ["no lever bound", "airflow did not answer"]
