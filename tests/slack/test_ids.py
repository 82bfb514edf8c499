"""What a button carries: read back as written, anything else refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack import ids
from playbooks import errors

NUMBER = st.none() | st.integers(1, 2**62)
SHORT = st.text(max_size=40)
VALUES = st.builds(
    ids.Value,
    incident=NUMBER,
    action=NUMBER,
    hash=SHORT,
    override=NUMBER,
    component=SHORT,
    version=SHORT,
    person=SHORT,
    text=SHORT,
    channel=SHORT,
    ts=SHORT,
)


@given(VALUES)
@settings(max_examples=300)
def test_a_value_reads_back(value: ids.Value) -> None:
    """Every field, and none that was empty."""
    assert ids.decode(ids.encode(value, limit=ids.PRIVATE_METADATA)) == value


@given(st.text(max_size=80) | st.sampled_from(["[]", "1", "null", '{"v":2}', '{"v":1,"z":1}', '{"v":1,"i":"4"}']))
def test_anything_else_is_from_an_older_message(text: str) -> None:
    """Refused in people's words."""
    with pytest.raises(errors.InputError, match=r"older message"):
        ids.decode(text)


@pytest.mark.parametrize(
    "text", ['{"v":1,"i":0}', '{"v":1,"i":-1}', '{"v":1,"i":true}', '{"v":1,"i":1.5}', '{"v":1,"h":7}', "[" * 100_000]
)
def test_wrong_kinds_are_refused(text: str) -> None:
    """Numbers are numbers and names are names."""
    with pytest.raises(errors.InputError):
        ids.decode(text)


def test_text_gives_way_and_names_do_not() -> None:
    """A long sentence is shortened; a long name cannot be a button."""
    assert len(ids.encode(ids.Value(action=17, text='"' * 9000))) <= ids.BUTTON_VALUE
    with pytest.raises(errors.InputError):
        ids.encode(ids.Value(component="x" * 3000))


def test_numbered_buttons_are_heard_by_one_listener() -> None:
    """Slack wants action ids unique in a row."""
    assert [ids.numbered(ids.DISABLE_OPEN, n) for n in (0, 1)] == ["disable_open", "disable_open:1"]
    assert ids.base("disable_open:1") == ids.DISABLE_OPEN
    assert ids.pattern(ids.DISABLE_OPEN).match("disable_open:1")
    assert not ids.pattern(ids.RESOLVE).match(ids.RESOLVE_OPEN)
    assert len(set(ids.ACTIONS)) == len(ids.ACTIONS)
