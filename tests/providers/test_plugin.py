"""The pure helpers of a provider, and the choice of a rollback's target."""

from datetime import UTC, datetime, timedelta

import pytest

import playbooks.plugin as plugin
from playbooks.domain.actions import choose_rollback_target
from playbooks.plugin import (
    Change,
    ConfigError,
    Described,
    Mark,
    UnknownName,
    Version,
    change_target,
    datetime_of,
    mark_words,
    own_note,
    plan_version,
    require,
    undo_version,
    version_name,
)

NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
V43, V41, V40 = Version("43"), Version("41"), Version("40", Mark.BAD, "INC-29", NOW - timedelta(days=60))
V42 = Version("42", Mark.GOOD, "evaluation 0.941", NOW - timedelta(days=19))


def _plan(described: Described, after: str) -> plugin.Plan:
    return plan_version("mlflow", "m@champion", described, after, proof="20 carry {}", takes=40, verify_within=120)


def _change(kind: str, subject: str, after: str, environment: str = "") -> Change:
    return Change("s", "k", kind, subject, after, NOW, environment=environment)


def test_everything_named_for_authors_is_there() -> None:
    assert sorted(plugin.__all__) == sorted(set(plugin.__all__))
    assert all(hasattr(plugin, name) for name in plugin.__all__)


@pytest.mark.parametrize(
    ("versions", "state", "chosen"),
    [
        ((V43, V42, V41, V40), "43", "42"),
        ((V43, Version("42", Mark.BAD), Version("41", Mark.GOOD)), "43", "41"),
        ((V43, V41, V42), "43", "42"),  # not "version minus one"
        ((V43, V41, V40), "43", None),  # no good one: nobody guesses
        ((V42,), "42", None),  # the current one is no target
        ((), "", None),
        # "Last" is by the time of the mark, not by the number.
        ((V43, V42, Version("39", Mark.GOOD, "", NOW - timedelta(days=1))), "43", "39"),
        # One without a time comes after those with one.
        ((V43, Version("41", Mark.GOOD), V42), "43", "42"),
    ],
)
def test_the_rollback_target_is_the_last_good_version(
    versions: tuple[Version, ...], state: str, chosen: str | None
) -> None:
    found = choose_rollback_target(Described(state, versions))

    assert (found.id if found else None) == chosen


def test_a_plan_tells_what_is_recorded_about_the_target() -> None:
    described = Described("43", (V43, V42, V41, V40))

    assert _plan(described, "v42").note == "marked good on 2 Nov (evaluation 0.941)"
    assert _plan(described, "42").warning == ""
    assert _plan(described, "41").warning == "Nothing is recorded about whether v41 is good."
    assert "v40 is marked bad" in _plan(described, "40").warning


def test_an_unknown_version_names_near_ones() -> None:
    with pytest.raises(UnknownName) as failed:
        _plan(Described("43", (V43, V42)), "v4")
    assert set(failed.value.nearest) == {"42", "43"}


def test_undo_of_undo_is_the_plan_but_for_its_notes() -> None:
    plan = _plan(Described("43", (V43, V42)), "42")
    again = undo_version(undo_version(plan))

    assert (again.before, again.after, again.proof, again.detail) == (plan.before, plan.after, plan.proof, plan.detail)


@pytest.mark.parametrize(
    ("change", "target"),
    [
        (_change("model_alias", "fraud-scorer@champion", "42"), "fraud-scorer@champion"),
        (_change("flag", "default/auto-decline", "off", "production"), "default/auto-decline@production"),
        (_change("deploy", "payments-api", "1.9.0", "production"), "payments-api"),
    ],
)
def test_a_change_has_the_target_of_the_plan_it_may_echo(change: Change, target: str) -> None:
    assert change_target(change) == target


def test_own_notes_are_recognised() -> None:
    assert own_note(_change("model_tag", "m/42", "muster.note=INC-42 action 17"))
    assert own_note(_change("prompt_tag", "p/3", "muster.note=INC-42 action 17"))
    assert not own_note(_change("model_tag", "m/42", "muster.mark=bad"))
    assert not own_note(_change("deploy", "m/42", "muster.note=x"))


def test_require_names_the_key() -> None:
    assert require({"model": "m"}, "model") == "m"
    for binding in ({}, {"model": " "}, {"model": 7}):
        with pytest.raises(ConfigError, match="no model"):
            require(binding, "model")


def test_words() -> None:
    assert [version_name(text) for text in ("42", "2026-11-02", "")] == ["v42", "2026-11-02", "nothing"]
    assert mark_words(Version("1", Mark.BAD)) == "marked bad"
    assert datetime_of("2026-11-21T03:31:00+01:00") == NOW
    assert [datetime_of(text) for text in (None, "", "soon", "2026-11-21T02:31:00")] == [None] * 4
