"""Settings, muster.yaml and the registry's file."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config
from bot.registry_file import RegistryHolder, pack, unpack
from bot.settings import SECRET_NAMES, VARIABLES, Settings
from playbooks.domain.escalation import policy_for
from playbooks.domain.incidents import DEFAULT_SEVERITIES, severity_for_alert
from playbooks.domain.ownership import Registry
from playbooks.errors import ConfigError
from playbooks.schemas.marked import DocumentError

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "bot" / "examples"
SECRET = "xoxb-very-secret-value"

# ---------------------------------------------------------------- settings


def load(dotenv: Any = None, /, **environ: str) -> Settings:
    return Settings.load(environ, env_file=dotenv)


def test_nothing_set_is_the_documented_defaults():
    settings = load()
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.database_url.get_secret_value() == "sqlite:///muster.db"
    assert (settings.config, settings.port, settings.log_level) == (Path("muster.yaml"), 8080, "INFO")
    assert settings.api_token is None
    assert not settings.socket_mode
    assert settings.link_keys == ()


def test_every_variable_is_read():
    settings = load(
        SLACK_BOT_TOKEN="a",
        SLACK_APP_TOKEN="b",
        SLACK_SIGNING_SECRET="c",
        SLACK_API_URL="http://127.0.0.1:4000/api",
        MUSTER_DATABASE_URL="postgresql+psycopg://u:p@h/d",
        MUSTER_CONFIG="x.yaml",
        MUSTER_HOST="0.0.0.0",
        MUSTER_PORT="9090",
        MUSTER_API_TOKEN="d",
        MUSTER_LINK_KEY="new-key-0123456789, old-key-0123456789",
        MUSTER_INTAKE_TOKEN="e",
        MUSTER_PUBLIC_URL="https://muster.example.com/",
        MUSTER_LOG_LEVEL="debug",
        SOMETHING_ELSE="ignored",
    )
    assert settings.slack_api_url == "http://127.0.0.1:4000/api/"
    assert settings.public_url == "https://muster.example.com"
    assert settings.link_keys == ("new-key-0123456789", "old-key-0123456789")
    assert settings.log_level == "DEBUG"
    assert settings.socket_mode
    assert settings.intake_token is not None
    assert settings.intake_token.get_secret_value() == "e"


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_every_secret_may_come_from_a_file_and_is_never_printed(name, tmp_path):
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")
    settings = load(**{f"{name}_FILE": str(file)})
    values = [v.get_secret_value() for _, v in settings if hasattr(v, "get_secret_value")]
    assert SECRET in values
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in shown
    with pytest.raises(ConfigError, match=f"{name} and {name}_FILE are both set"):
        load(**{f"{name}_FILE": str(file), name: "x"})


@pytest.mark.parametrize("name", SECRET_NAMES)
@pytest.mark.parametrize("value", ["change-me", "xoxb-CHANGE-ME"])
def test_sample_secrets_are_refused_in_one_sentence(name, value, tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(**{name: value})
    assert caught.value.told == f"{name} is still the sample value of .env.example. Put your own there."
    assert caught.value.code == "sample_secret"
    file = tmp_path / "secret"
    file.write_text(value)
    with pytest.raises(ConfigError):
        load(**{f"{name}_FILE": str(file)})


def test_secret_files_that_cannot_be_read(tmp_path):
    empty, binary, large = tmp_path / "empty", tmp_path / "binary", tmp_path / "large"
    empty.write_text(" \n")
    binary.write_bytes(b"\xff\xfe\x00")
    large.write_text("x" * 100_000)
    for path, why in ((tmp_path / "none", "No such file"), (empty, "empty"), (binary, "no text"), (large, "too large")):
        with pytest.raises(ConfigError, match=why):
            load(MUSTER_API_TOKEN_FILE=str(path))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUSTER_PORT", SECRET),
        ("MUSTER_PORT", "0"),
        ("MUSTER_PORT", "65536"),
        ("SLACK_API_URL", f"ftp://{SECRET}"),
        ("MUSTER_PUBLIC_URL", SECRET),
        ("MUSTER_LOG_LEVEL", SECRET),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(name, value):
    with pytest.raises(ConfigError) as caught:
        load(**{name: value})
    assert name in caught.value.told
    assert SECRET not in caught.value.told
    assert caught.value.__cause__ is None


def test_the_environment_goes_before_the_env_file(tmp_path):
    env_file = tmp_path / ".env"
    env_file.write_text(f"MUSTER_PORT=1111\nMUSTER_HOST=there\nSECOND_TOKEN={SECRET}\n# comment\nEMPTY=\n")
    settings = load(env_file, MUSTER_PORT="2222")
    assert (settings.port, settings.host) == (2222, "there")
    found = settings.secret("SECOND_TOKEN")
    assert found is not None
    assert found.get_secret_value() == SECRET
    assert settings.secret("THIRD_TOKEN") is None
    assert SECRET not in repr(settings) + repr(settings.environment)
    assert settings.environment["SECOND_TOKEN"] == SECRET
    assert settings.environment.get("THIRD_TOKEN", "") == ""


def test_configured_secrets_may_come_from_files_too(tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET)
    settings = load(SECOND_TOKEN_FILE=str(file), THIRD_TOKEN="change-me")
    assert settings.environment["SECOND_TOKEN"] == SECRET
    with pytest.raises(ConfigError, match="THIRD_TOKEN is still the sample"):
        settings.secret("THIRD_TOKEN")


def test_the_sample_environment_has_every_variable_and_would_be_refused():
    text = (ROOT / ".env.example").read_text("utf-8")
    assert set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE)) == set(VARIABLES)
    with pytest.raises(ConfigError, match="still the sample value"):
        load(ROOT / ".env.example")


# ---------------------------------------------------------------- muster.yaml


def problems(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        Config.load(text)
    return [str(problem) for problem in caught.value.problems]


def test_an_empty_file_works_and_so_does_none(tmp_path):
    config = Config.load("")
    assert config == Config.load_file(tmp_path / "none.yaml") == Config.load("# nothing\n")
    assert config.severities == DEFAULT_SEVERITIES
    assert config.commands.root == "/inc"
    assert config.reactions == ("stopwatch", "pushpin")
    assert config.approval_ttl == config.time_box_warning == timedelta(minutes=15)
    assert config.sources["alertmanager"].kind == "alertmanager"
    assert config.ownership_paths(tmp_path) == (tmp_path / "ownership.yaml",)


def test_the_example_says_the_defaults_but_for_channels_and_providers():
    example = Config.load_file(EXAMPLES / "muster.yaml")
    assert example.severities == DEFAULT_SEVERITIES
    own = {"channels", "providers", "severity_entries", "escalation"}
    default = Config.load("")
    assert example.model_dump(exclude=own) == default.model_dump(exclude=own)
    incidents = [(s.id, tier) for s in DEFAULT_SEVERITIES for tier in (1, 2, None)] + [("", 1), ("", None)]
    for severity, tier in incidents:
        said, usual = (policy_for(c.escalation_policies, severity, tier) for c in (example, default))
        assert said
        assert usual
        assert said.steps == usual.steps, (severity, tier)


def test_own_severities():
    text = """
severities:
  - {id: low, level: 2, label: Low, alert_words: [Warning]}
  - {id: high, level: 1, label: High, emoji: fire, update_every: 20m, alert_words: [critical]}
"""
    severities = Config.load(text).severities
    assert [(s.id, s.update_every) for s in severities] == [("high", 1200), ("low", 0)]
    assert severity_for_alert("WARNING", severities) == "low"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sverities: []\n", "muster.yaml:1: sverities: no such key"),
        ("severities: []\n", "muster.yaml:1: severities: must not be empty"),
        ("\nchannels:\n  triage: general\n", "muster.yaml:3: channels.triage: general is no Slack channel id"),
        ("commands: {root: inc}\n", "muster.yaml:1: commands.root: inc must be a slash and 1 to 31 small letters"),
        ("commands: {root: /disable}\n", "muster.yaml:1: commands.root: /disable is a command of its own"),
        ("storm_after: 0\n", "muster.yaml:1: storm_after: input should be greater than or equal to 1"),
        ("storm_after: '50'\n", "muster.yaml:1: storm_after: must be a whole number"),
        ("approval_ttl: 15\n", "muster.yaml:1: approval_ttl: must be a length of time such as PT10M or P1D"),
        ("time_zone: Berlin\n", "muster.yaml:1: time_zone: is no time zone such as Europe/Berlin"),
        ("sources:\n  a: {kind: pigeon}\n", "muster.yaml:2: sources.a.kind: is no kind of source: alertmanager, "),
        ("sources:\n  A b: {kind: generic}\n", "A b must be 1 to 63 small letters, digits, dashes and underscores"),
        ("sources:\n  a: {kind: generic, secret_env: 'a b'}\n", "muster.yaml:2: sources.a.secret_env"),
        ("ownership: []\n", "muster.yaml:1: ownership: must not be empty"),
        ("reactions: pushpin\n", "muster.yaml:1: reactions: must be a list"),
        ("a: 1\na: 2\n", "muster.yaml:2: a: a is here twice, first in line 1"),
        ("- a\n", "muster.yaml:1: must be a mapping"),
        (
            "severities:\n- {id: a, level: 1, label: A}\n- {id: a, level: 2, label: B}\n",
            "two severities have the same id or level",
        ),
        (
            "severities:\n- {id: a, level: 1, label: A, alert_words: [x]}\n- {id: x, level: 2, label: B}\n",
            "two severities claim the word x",
        ),
        (
            "escalation:\n- steps: [{after: PT5M, ask: [deputy]}, {after: PT9M, ask: [channel, deputy]}]\n",
            "deputy is asked twice: every level is asked once",
        ),
        (
            "escalation:\n- steps: [{after: PT9M, ask: [deputy]}, {after: PT5M, ask: [channel]}]\n",
            "each step must come after the one before it",
        ),
        ("escalation:\n- {severities: [sev9]}\n", "escalation names the severity sev9, which there is not"),
        ("escalation:\n- steps: [{after: PT5M, ask: [boss]}]\n", "muster.yaml:2: escalation[0].steps[0].ask[0]"),
    ],
)
def test_every_mistake_is_told_with_its_line(text, expected):
    assert any(expected in found for found in problems(text)), problems(text)


def test_a_file_that_cannot_be_read(tmp_path):
    (tmp_path / "muster.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        Config.load_file(tmp_path / "muster.yaml")
    with pytest.raises(ConfigError):
        Config.load_file(tmp_path)


# ---------------------------------------------------------------- the registry's file

GOOD = "api: ownership/v1\npeople: {ann: {slack: U01ANN}}\n"
BETTER = GOOD + "teams: {t: {members: [ann]}}\n"
BROKEN = GOOD + "teams:\n  t: {members: [bob]}\n  u: {members: [eve]}\n"


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ownership.yaml"
    path.write_text(GOOD)
    return path


def test_a_change_is_taken_up_and_every_good_version_is_kept(file):
    kept: list[tuple[str, str]] = []
    holder = RegistryHolder([file], Clock(), keep=lambda sha, text: kept.append((sha, text)))
    first = holder.current()
    assert not holder.reload()
    assert holder.current() is first
    file.write_text(BETTER)
    assert holder.reload()
    assert holder.current().teams_of("ann") == ("t",)
    assert [sha for sha, _ in kept] == [first.sha256, holder.current().sha256]
    assert unpack(kept[1][1]) == [("ownership.yaml", BETTER)]
    assert Registry.load_files(unpack(kept[1][1])).sha256 == kept[1][0]


def test_the_last_good_version_stays_and_says_so(file):
    clock = Clock()
    holder = RegistryHolder([file], clock)
    good = holder.current()
    assert holder.complaint == ""
    clock.at += timedelta(hours=2)
    file.write_text(BROKEN)
    assert not holder.reload()
    assert holder.current() is good
    assert holder.complaint == (
        "I'm using the registry of 21 Nov 08:00 UTC (last good); today's has 2 errors in `ownership.yaml:4`."
    )
    assert isinstance(holder.problem, DocumentError)
    file.write_text(BETTER)
    assert holder.reload()
    assert holder.complaint == ""
    assert holder.problem is None
    assert holder.since == clock.at


def test_a_file_that_goes_away_is_told(file):
    holder = RegistryHolder([file], Clock())
    file.unlink()
    assert not holder.reload()
    assert holder.complaint.endswith("today's cannot be used: There is no ownership.yaml.")
    assert "ann" in holder.current().people


def test_a_start_with_a_broken_file_uses_what_was_kept(file):
    file.write_text(BROKEN)
    yesterday = datetime(2026, 11, 20, 17, 5, tzinfo=UTC)
    text = pack([("ownership.yaml", GOOD)])
    holder = RegistryHolder([file], Clock(), last_good=lambda: ("x", text, yesterday))
    assert "ann" in holder.current().people
    assert holder.complaint.startswith("I'm using the registry of 20 Nov 17:05 UTC (last good); today's has 2 errors")
    assert holder.since == yesterday


@pytest.mark.parametrize("kept", [None, "not json", pack([("ownership.yaml", BROKEN)]), "[1]", "{}", "[[1]]"])
def test_a_start_with_nothing_good_is_refused_with_the_real_reason(file, kept):
    file.write_text(BROKEN)
    with pytest.raises(ConfigError, match=r"ownership.yaml has 2 errors: ownership.yaml:4"):
        RegistryHolder([file], Clock(), last_good=lambda: ("x", kept, datetime.now(UTC)) if kept is not None else None)


def test_a_start_without_a_file_says_what_to_do(tmp_path):
    with pytest.raises(ConfigError) as caught:
        RegistryHolder([tmp_path / "ownership.yaml"], Clock())
    assert "muster init" in caught.value.told
