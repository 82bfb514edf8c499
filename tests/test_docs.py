"""What the documents say is true: commands, settings, links, and every example."""

import json
import re
import tomllib
import types
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from bot.cli import build_cli
from bot.config import Config
from bot.providers.registry import describe
from bot.settings import SECRET_NAMES, VARIABLES
from bot.slack.commands import HANDLERS
from bot.slack.grammar import VERBS
from playbooks.domain.layers import open_files
from playbooks.domain.ownership import Registry
from playbooks.plugin import Conflict, Outcome, Tools

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob(".github/*.md")]
)
README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language in the README."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """The README's text from a heading to the next of its level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def _commands() -> dict[str, Any]:
    top = typer.main.get_command(build_cli())
    found = dict(top.commands)  # type: ignore[attr-defined]
    return found | {f"db {name}": each for name, each in found.pop("db").commands.items()}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_named_commands_and_options_exist(path: Path) -> None:
    known = _commands()
    for line in re.findall(r"`(muster [^`]*)`", path.read_text()):
        words = line.replace("[", " ").replace("]", " ").split()[1:]
        if words[0].startswith("-") or words[0].isupper():
            continue
        name = " ".join(words[:2]) if words[0] == "db" else words[0]
        assert name in known, f"{path.name}: {line}"
        options = {option for parameter in known[name].params for option in parameter.opts} | {"--help"}
        assert {word for word in words if word.startswith("-") and word != "-"} <= options, f"{path.name}: {line}"


def test_every_command_is_in_the_readme() -> None:
    assert {name for name in _commands() if f"muster {name}" not in section("The command line")} == set()


def test_named_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z-]+)", README)) <= targets


def test_settings_are_all_there_with_their_secrets() -> None:
    text = section("Settings")
    assert set(re.findall(r"^\| `([A-Z_]+)`(?:, `([A-Z_]+)`)?", text, re.MULTILINE)) != set()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    named = {name: row for row in rows for name in re.findall(r"`([A-Z][A-Z_]+)`", row.split("|")[1])}
    assert set(named) == set(VARIABLES)
    assert {name for name, row in named.items() if "secret)" in row} == set(SECRET_NAMES)


def test_settings_are_all_in_the_sample_file() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert {line.partition("=")[0] for line in lines if line and not line.startswith("#")} == set(VARIABLES)


def test_slack_commands_are_those_that_work() -> None:
    text = section("Commands in Slack")
    named = set(re.findall(r"`/inc ([a-z-]+)", text)) | set(re.findall(r"`/([a-z]+)[ `]", text)) - {"inc"}
    named = {"who" if name == "owner" else name for name in named}
    assert named - set(HANDLERS) == set()
    assert set(VERBS) - named == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text())
    here = [link.partition("#")[0] for link in links if not link.startswith(("http://", "https://", "#"))]
    assert [link for link in here if not (path.parent / link).exists()] == []


def test_files_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"`((?:bot|playbooks|storage|tests|docs)/[\w./-]+)`", README))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_yaml_in_the_readme_is_valid() -> None:
    kinds = []
    for text in blocks("yaml"):
        data = yaml.safe_load(text)
        if "imports" in data:
            assert [entry.kind for _, entry in open_files([("ownership.yaml", text)]).imports] == ["backstage"] * 2
            kinds.append("imports")
        elif "api" in data:
            registry = Registry.load(text)
            assert registry.components["fraud-scorer"].lever("rollback") is not None
            kinds.append("ownership")
        elif "receivers" in data:
            kinds.append("alertmanager")
        else:
            assert Config.load(text).sources["second-cluster"].kind == "alertmanager"
            kinds.append("configuration")
    assert kinds == ["configuration", "ownership", "imports", "alertmanager"]


@pytest.mark.parametrize("name", ["muster.yaml", "ownership.yaml"])
def test_example_files_are_valid(name: str) -> None:
    text = (ROOT / "bot" / "examples" / name).read_text()
    assert isinstance(Config.load(text) if name == "muster.yaml" else Registry.load(text), Config | Registry)


def test_the_generic_body_is_read_as_shown_and_its_fields_are_listed() -> None:
    from datetime import UTC, datetime

    from bot.providers.alerts import generic

    text = section("Alert sources")
    found = re.search(r"-d '(\{.*?\})'\n", text, re.DOTALL)
    assert found
    read = generic.read({}, found[1].encode(), source="generic", received_at=datetime.now(UTC))
    assert read.alerts[0].signal == {"metric": "PSI of score", "value": "0.34", "limit": "0.2"}
    documented = set(re.findall(r"`([a-z_]+)`", "".join(re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE))))
    read_by_code = set(re.findall(r'(?:item\.get\(|_text\(item, )"([a-z_]+)"', Path(generic.__file__).read_text()))
    assert documented == read_by_code


def test_every_kind_of_alert_source_is_listed_and_has_a_set_up() -> None:
    from bot.providers.sources import ALERTS

    listed = re.findall(r"^\| [^`|]+ \| `([a-z_]+)` \|", section("Alert sources"), re.MULTILINE)
    assert sorted(listed) == sorted(ALERTS)
    guide = (ROOT / "docs" / "alert-sources.md").read_text()
    assert set(re.findall(r"^## `([a-z_]+)`", guide, re.MULTILINE)) == set(ALERTS)


def test_every_kind_of_change_source_has_a_set_up() -> None:
    from bot.providers.sources import CHANGES

    guide = (ROOT / "docs" / "alert-sources.md").read_text().partition("\n## Changes\n")[2]
    headings = re.findall(r"^### (.+)$", guide, re.MULTILINE)
    assert sorted(re.findall(r"`([a-z_]+)`", " ".join(headings))) == sorted(CHANGES)


def test_the_mapping_in_the_guide_gives_what_it_promises(tmp_path: Path) -> None:
    from bot.mappings import load
    from bot.providers.alerts.mapped import differences

    guide = (ROOT / "docs" / "alert-sources.md").read_text()
    found = re.search(r"```yaml\n(api: mapping.*?)```", guide, re.DOTALL)
    assert found
    (tmp_path / "tool.yaml").write_text(found[1])
    assert differences(load(tmp_path / "tool.yaml")) == []
    listed = {path.stem for path in (ROOT / "bot" / "examples" / "mappings").glob("*.yaml")}
    assert all(name.lower() in guide.lower() for name in listed)


def test_the_template_for_datadog_is_read_whole() -> None:
    from datetime import UTC, datetime

    from bot.providers.alerts import datadog

    guide = (ROOT / "docs" / "alert-sources.md").read_text()
    found = re.search(r"```json\n(.*?)```", guide, re.DOTALL)
    assert found
    said = {"$ALERT_TRANSITION": "Recovered", "$ALERT_CYCLE_KEY": "k", "$DATE": "1795228091000"}
    filled = re.sub(r"\$[A-Z_]+", lambda name: said.get(name[0], name[0][1:].lower()), found[1])
    read = datadog.read({}, filled.encode(), source="datadog", received_at=datetime.now(UTC))
    assert read.rejected == []
    assert (read.alerts[0].fingerprint, read.alerts[0].status.value) == ("cycle:k", "resolved")
    assert read.alerts[0].name == "alert_title"


def test_levers_are_listed_with_their_keys() -> None:
    rows = {
        row[0]: row for row in re.findall(r"^\| `([a-z0-9]+)` \| (.*?) \| (.*?) \| (.*?) \|$", section("Levers"), re.M)
    }
    builtin = {kind.name: kind for kind in describe() if kind.builtin}
    assert set(rows) == set(builtin)
    for name, kind in builtin.items():
        assert set(re.findall(r"`([a-z_]+)`", rows[name][2])) == set(kind.settings), name
        assert set(re.findall(r"`([a-z_]+)`", rows[name][3])) == set(kind.binding), name


def test_publishers_are_listed_with_their_keys() -> None:
    from bot.providers.publishing import PUBLISHERS, load

    guide = (ROOT / "docs" / "publishing.md").read_text()
    rows = {row[0]: row for row in re.findall(r"^\| `([a-z_]+)` \| (.*?) \| (.*?) \| (.*?) \|$", guide, re.M)}
    assert set(rows) == set(PUBLISHERS)
    for name in PUBLISHERS:
        kind = load(name)
        assert set(re.findall(r"`([a-z_]+)`", rows[name][2])) == set(kind.Settings.model_fields), name
        assert set(re.findall(r"`([a-z_]+)`", rows[name][3])) == set(kind.Binding.model_fields), name
        assert f"## `{name}`" in guide


def test_configuration_in_the_guide_to_publishing_is_valid() -> None:
    from bot.console.destinations import destination_findings

    guide = (ROOT / "docs" / "publishing.md").read_text()
    examples = re.findall(r"^```yaml\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    assert examples
    team = "api: ownership/v1\nteams: {fraud-ml: {members: []}}\n"
    for text in examples:
        found = destination_findings(Config.load(text), Registry.load(team))
        assert [finding for finding in found if finding.level.value == "error"] == []


def test_the_lever_of_your_own_works(tmp_path: Path) -> None:
    from bot.clock import SystemClock

    (code,) = blocks("python")
    module = types.ModuleType("acme_flags")
    exec(compile(code, "acme_flags.py", "exec"), module.__dict__)
    path = tmp_path / "flags.json"
    path.write_text(json.dumps({"auto-decline": True}))
    lever = module.AcmeFlags("acme", {"path": str(path)}, Tools(SystemClock()))
    binding = {"flag": "auto-decline"}
    lever.check(binding)
    plan = lever.plan(binding, lever.describe(binding), "off")
    assert (plan.before, plan.after, plan.proof) == ("on", "off", "the file reads off")
    assert lever.verify(binding, plan).outcome is Outcome.NOT_YET
    lever.apply(binding, plan, note="INC-1 action 1")
    lever.apply(binding, plan, note="INC-1 action 1")
    assert lever.verify(binding, plan).outcome is Outcome.CONFIRMED
    with pytest.raises(Conflict):
        lever.plan(binding, lever.describe(binding), "off")
    back = lever.undo(plan)
    lever.apply(binding, back, note="")
    assert lever.verify(binding, back).outcome is Outcome.CONFIRMED
    entry = tomllib.loads(blocks("toml")[0])["project"]["entry-points"]["muster.levers"]
    assert entry == {"acme": "acme_flags:AcmeFlags"}


def test_metrics_named_in_the_operations_guide_are_exported() -> None:
    from bot.incident_metrics import described
    from bot.metrics import Metrics

    exported = Metrics().text().decode() + " ".join(family.name for family in described())
    named = set(re.findall(r"`(muster_[a-z_]+)", (ROOT / "docs" / "operations.md").read_text()))
    assert named
    assert {name for name in named if name not in exported} == set()


def test_the_changelog_has_a_place_for_what_comes() -> None:
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text()
