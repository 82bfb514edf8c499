"""The flagd lever, seen by a service that evaluates the file with OpenFeature's own provider."""

from pathlib import Path

import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import Lever, Outcome
from tests.contracts.test_levers_flagd import AS_JSON, AS_YAML
from tests.real.openfeature import OpenFeature
from tests.real.processes import wait_until

pytestmark = pytest.mark.real

NOTE = "INC-42 action 18"
FLAG = {"flag": "auto-decline"}
# PyYAML, which this provider reads with, takes a bare `on` for true; flagd itself does not.
QUOTED = AS_YAML.replace(" on: true", ' "on": true').replace(" off: false", ' "off": false').replace("- on", '- "on"')


@pytest.fixture(params=["json", "yaml"])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"flags.{request.param}"
    path.write_text(AS_JSON if request.param == "json" else QUOTED.replace("Variant: on", 'Variant: "on"'))
    return path


def _lever(file: Path) -> Lever:
    return LeverShelf({"flagd": {"path": str(file)}}).get("flagd")


def _everybody(service: OpenFeature, file: Path) -> set[bool]:
    """What services get, whatever their code's default and whoever they ask for."""
    return {
        service.evaluates(file, "auto-decline", default=default, country=country)[0]
        for default in (True, False)
        for country in ("DE", "FR")
    }


def test_off_is_off_for_everybody_and_undo_brings_the_rules_back(openfeature: OpenFeature, file: Path) -> None:
    was, lever = file.read_bytes(), _lever(file)
    before = openfeature.evaluates(file, "auto-decline", default=False, country="DE")
    split = _everybody(openfeature, file)
    plan = lever.plan(FLAG, lever.describe(FLAG), "off")
    lever.apply(FLAG, plan, note=NOTE)
    off = _everybody(openfeature, file)
    lever.apply(FLAG, lever.undo(plan), note=NOTE)

    assert before == (True, "on", "TARGETING_MATCH")
    assert (split, off) == ({True, False}, {False})
    assert openfeature.evaluates(file, "auto-decline", default=False, country="DE") == before
    assert file.read_bytes() == was
    assert lever.verify(FLAG, lever.undo(plan)).outcome is Outcome.CONFIRMED


def test_the_watch_follows_by_itself(openfeature: OpenFeature, file: Path) -> None:
    def served() -> bool:
        return openfeature.evaluates(file, "auto-decline", default=True, fresh=False, country="DE")[0]

    assert served()
    lever = _lever(file)
    lever.apply(FLAG, lever.plan(FLAG, lever.describe(FLAG), "off"), note=NOTE)
    wait_until(lambda: not served(), "the provider did not follow", within=10)


def test_disabling_a_flag_would_not_have_turned_it_off(openfeature: OpenFeature, file: Path) -> None:
    """Why the lever does not write `state: DISABLED`."""
    file.write_text(file.read_text().replace("ENABLED", "DISABLED"))

    assert openfeature.evaluates(file, "auto-decline", default=True) == (True, None, "DISABLED")
    lever = _lever(file)
    assert lever.describe(FLAG).state == "on"
    lever.apply(FLAG, lever.plan(FLAG, lever.describe(FLAG), "off"), note=NOTE)
    assert openfeature.evaluates(file, "auto-decline", default=True) == (False, "off", "STATIC")
