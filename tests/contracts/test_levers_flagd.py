"""The lever contract over a flagd flag file, and what an edit must leave alone."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.providers import flagfile
from bot.providers.registry import LeverShelf
from playbooks.plugin import ConfigError, Conflict, Kind, Lever, MusterError, Outcome, OutcomeUnknown, ProviderError
from tests.contracts.lever_suite import LeverBench, LeverContract, Trouble

NOTE = "INC-42 action 18"
FLAG = {"flag": "auto-decline"}

# With all that an edit must not touch: order, spaces, an escaped name, a second flag that looks alike, no last newline.
AS_JSON = """{ "$schema": "https://flagd.dev/schema/v0/flags.json",
  "metadata": {"version": 1.50},
\t"flags" : {
    "auto-\\u0064ecline-eu": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"},
    "auto-decline": {
      "defaultVariant" : "on",
      "targeting": { "if": [ { "==": [ {"var": "country"}, "DE" ] },   "on", "off" ] },
      "variants": { "on": true, "off": false }, "state":"ENABLED",
      "metadata": {"targeting": "état", "state": "ENABLED"}
    }
  },
  "$evaluators": {"eu": {"in": [{"var": "country"}, ["DE", "FR"]]}}
}"""

AS_YAML = """\
# Flags of the scorer; reviewed by fraud-ml.
flags:
  auto-decline:   # the kill switch
    state: ENABLED
    variants:
      on: true
      off: false
    targeting:
      if:
        - {"==": [{var: country}, DE]}
        # everybody else
        - on
        - "off"
    # not before the rules
    defaultVariant: on      # since May
  auto-decline-eu: {state: ENABLED, variants: {on: true, off: false}, defaultVariant: on}
metadata: {owner: "fraud-ml"}
"""


@pytest.fixture(params=["flags.json", "flags.yaml", "flags.yml"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    path.write_bytes((AS_JSON if path.suffix == ".json" else AS_YAML).encode())
    return path


def _lever(path: Path) -> Lever:
    return LeverShelf({"flagd": {"path": str(path)}}).get("flagd")


def _nothing(*_: object) -> None:
    """What a disk does that lies."""


def _failing(code: int) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


TROUBLES: dict[Trouble, tuple[Any, str, Callable[..., None]]] = {
    Trouble.SLOW: (flagfile, "_sync_folder", _failing(errno.EIO)),
    Trouble.DROP: (flagfile, "_sync_folder", _failing(errno.EIO)),
    Trouble.FAILS: (flagfile, "_sync_folder", _failing(errno.EIO)),
    Trouble.LIE: (os, "replace", _nothing),
    Trouble.REFUSED: (os, "replace", _failing(errno.EROFS)),
}


def _bench(path: Path, before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> LeverBench:
    @contextmanager
    def trouble(kind: Trouble) -> Iterator[None]:
        if kind is Trouble.DOWN:
            path.rename(path.with_name("away"))
            yield
            path.with_name("away").rename(path)
            return
        with monkeypatch.context() as patched:
            patched.setattr(*TROUBLES[kind])
            yield

    return LeverBench(
        lever=_lever(path),
        binding=FLAG,
        before=before,
        after=after,
        target=f"{path.name}/auto-decline",
        world=path.read_bytes,
        trouble=trouble,
        refuses=True,
    )


class TestOff(LeverContract):
    @pytest.fixture
    def bench(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> LeverBench:
        return _bench(file, "on", "off", monkeypatch)


class TestOn(LeverContract):
    @pytest.fixture
    def bench(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> LeverBench:
        lever = _lever(file)
        lever.apply(FLAG, lever.plan(FLAG, lever.describe(FLAG), "off"), note=NOTE)
        return _bench(file, "off", "on", monkeypatch)


def _off(path: Path) -> Lever:
    """The lever after it has turned the flag off."""
    lever = _lever(path)
    lever.apply(FLAG, lever.plan(FLAG, lever.describe(FLAG), "off"), note=NOTE)
    return lever


def test_off_is_the_off_variant_for_everyone_and_nothing_else_changes(file: Path) -> None:
    was = flagfile.read(file).text
    _off(file)
    now = flagfile.read(file).text

    if file.suffix == ".json":
        rules = '{ "if": [ { "==": [ {"var": "country"}, "DE" ] },   "on", "off" ] }'
        assert now == was.replace('"defaultVariant" : "on"', '"defaultVariant" : "off"').replace(rules, "{}")
    else:
        rules = was[was.index("if:\n") : was.index("\n    # not before")]
        assert now == was.replace("defaultVariant: on  ", 'defaultVariant: "off"  ').replace(rules, "{}")
        assert yaml.safe_load(now)["flags"]["auto-decline"]["targeting"] == {}
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_disabled_flag_is_on_and_the_approver_is_warned(tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    path.write_text(AS_JSON.replace('"state":"ENABLED"', '"state":"DISABLED"'))
    was = path.read_bytes()
    lever = _lever(path)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    lever.apply(FLAG, plan, note=NOTE)
    off = json.loads(path.read_bytes())["flags"]["auto-decline"]
    lever.apply(FLAG, lever.undo(plan), note=NOTE)

    assert plan.warning == "It is DISABLED now, so every service uses the default in its own code."
    assert plan.note == "its targeting rules are set aside while it is off"
    assert (off["state"], off["defaultVariant"], off["targeting"]) == ("ENABLED", "off", {})
    assert path.read_bytes() == was
    assert lever.verify(FLAG, lever.undo(plan)).outcome is Outcome.CONFIRMED


def test_rules_written_while_it_is_off_are_kept(file: Path) -> None:
    lever = _lever(file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    lever.apply(FLAG, plan, note=NOTE)
    file.write_text(file.read_text().replace("{}", '{"if": [true, "on"]}'))
    changed = file.read_bytes()

    with pytest.raises(Conflict, match="written differently by now"):
        lever.apply(FLAG, lever.undo(plan), note=NOTE)
    assert file.read_bytes() == changed
    assert lever.verify(FLAG, lever.undo(plan)).outcome is Outcome.CONTRADICTED


def test_rules_changed_since_the_plan_stop_it(file: Path) -> None:
    lever = _lever(file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    file.write_text(file.read_text().replace("DE", "AT", 1))

    with pytest.raises(Conflict, match="changed since the plan"):
        lever.apply(FLAG, plan, note=NOTE)


def test_other_flags_changed_meanwhile_stay_changed(file: Path) -> None:
    lever = _lever(file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    lever.apply(FLAG, plan, note=NOTE)
    file.write_text(file.read_text().replace("metadata", "meta"))
    lever.apply(FLAG, lever.undo(plan), note=NOTE)

    was = AS_JSON if file.suffix == ".json" else AS_YAML
    assert file.read_text() == was.replace("metadata", "meta")


def test_mode_and_links_stay(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    link = tmp_path / f"link{file.suffix}"
    link.symlink_to(file)
    _off(link)

    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o640
    assert _lever(file).describe(FLAG).state == "off"


def test_windows_line_ends_and_a_mark_at_the_start_stay(file: Path) -> None:
    was = b"\xef\xbb\xbf" * (file.suffix != ".json") + file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(was)
    lever = _lever(file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    lever.apply(FLAG, plan, note=NOTE)
    changed = file.read_bytes()
    lever.apply(FLAG, lever.undo(plan), note=NOTE)

    assert changed != was
    assert file.read_bytes() == was


def test_somebody_who_writes_at_the_same_time_is_not_overwritten(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lever = _lever(file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    theirs = file.read_bytes() + b"\n"

    def written(path: Path, new: Path) -> None:
        path.write_bytes(theirs)

    monkeypatch.setattr("shutil.copymode", written)
    with pytest.raises(ProviderError, match="changed meanwhile") as failed:
        lever.apply(FLAG, plan, note=NOTE)
    assert failed.value.kind is Kind.TRANSIENT
    assert file.read_bytes() == theirs


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flags:\n  auto-decline: &a\n    state: &s ENABLED\n    variants: {on: true, off: false}\n"
         "    defaultVariant: on\n  other: {state: *s, variants: {on: 1}, defaultVariant: on}\n", ""),
        ("flags:\n  first: &f {state: ENABLED, variants: {on: true, off: false}, defaultVariant: on}\n"
         "  auto-decline: *f\n", "something else would change too"),
        ("flags:\n  auto-decline: {state: ENABLED, variants: {on: true, off: false}, defaultVariant: &d on}\n"
         "  other: {state: ENABLED, variants: {on: 1}, defaultVariant: *d}\n", "not be readable afterwards"),
        ("flags:\n  auto-decline: {state: ENABLED, variants: {on: true}, defaultVariant: on}\n", "no variant off"),
        ("flags:\n  auto-decline: {state: ENABLED, variants: {on: true, off: false}}\n", "no `defaultVariant`"),
        ("flags:\n  auto-decline: {variants: {on: true, off: false}, defaultVariant: on}\n", "no `state`"),
        ("flags:\n  auto-decline: 1\n", "no flag file"),
        ("flags: {}\n", "has no flag auto-decline"),
        ("flags: [\n", "no flag file"),
        ("- a\n", "no flag file"),
        ("", "no flag file"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_safely_is_left_alone_and_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "flags.yaml"
    path.write_text(text)
    lever = _lever(path)

    def turn_off() -> None:
        lever.apply(FLAG, lever.plan(FLAG, lever.describe(FLAG), "off"), note=NOTE)

    if not said:
        turn_off()
        assert path.read_text() == text.replace("defaultVariant: on\n", 'defaultVariant: "off"\n', 1)
        return
    with pytest.raises(MusterError) as failed:
        turn_off()
    assert said in failed.value.sentence
    assert path.read_text() == text


def test_a_disk_that_does_not_confirm_is_an_unknown_outcome(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lever = _lever(file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    monkeypatch.setattr(flagfile, "_sync_folder", _failing(errno.EIO))

    with pytest.raises(OutcomeUnknown, match="the disk has not confirmed it"):
        lever.apply(FLAG, plan, note=NOTE)


def test_one_variant_for_both_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="on and off are two variants"):
        _lever(file).check({**FLAG, "on_variant": "off"})  # type: ignore[attr-defined]
