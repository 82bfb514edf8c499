"""`demo`, `serve`, `doctor`: started for real, and stopped."""

import gc
import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from bot.console import running
from bot.demo import play
from bot.demo.script import Night
from bot.demo.stage import Stage, free_port
from bot.plant.faults import Fault
from bot.trust import trusted
from bot.workspace.server import Workspace
from playbooks.errors import ConfigError
from tests.console.conftest import ROOT, Shell
from tests.real.processes import wait_until


@pytest.mark.slow
@pytest.mark.parametrize("way", ["socket mode", "http"])
def test_the_demo_plays_to_its_end(way: str, shell: Shell) -> None:
    done = shell.ended("demo", "--headless", *(["--http"] if way == "http" else []), within=120)
    assert (done.code, "✗" in done.out) == (0, False), done.out + done.err
    assert "steps were seen to have taken effect" in done.out
    assert list(shell.folder.iterdir()) == []


@pytest.mark.slow
def test_a_demo_whose_servers_never_reload_fails(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Stage):
        def start(self) -> Stage:
            stage = super().start()
            self.plant.set_fault(Fault.STUCK)
            return stage

    monkeypatch.setattr(play, "Stage", Stuck)
    monkeypatch.setattr(Night._poll, "__kwdefaults__", {"within": 2.0})
    done = shell("demo", "--headless")
    assert done.code == 1
    assert "✗ not seen within 2 s: every model server answers v42" in done.out


def _answers(port: int, path: str, process: subprocess.Popen[str]) -> httpx.Response:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, verify=trusted()) as client:

        def ready() -> bool:
            assert process.poll() is None, process.communicate()
            with suppress(httpx.TransportError):
                return client.get(path).status_code == 200
            return False

        wait_until(ready, f"{path} answers", 20, 0.03)
        return client.get(path)


def test_a_start_loads_nothing_that_only_a_later_day_needs() -> None:
    script = """
import json, sys
import bot.cli, bot.preconditions
refused = [*sys.modules]
import bot.doctor, bot.wiring
print(json.dumps([refused, [*sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    refused, started = map(set, json.loads(done.stdout))
    assert {"slack_bolt", "slack_sdk", "sqlalchemy", "starlette", "httpx", "bot.wiring"}.isdisjoint(refused)
    later = {
        "alembic",
        "mako",
        "dbos",
        "cryptography",
        "websockets",
        "statistics",
        "bot.web.described",
        "bot.web.pages",
    }
    assert later.isdisjoint(started)


def test_a_start_is_not_held_up_by_the_garbage_collector_and_has_it_afterwards() -> None:
    try:
        with running._nothing_collected():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()
    with pytest.raises(ConfigError), running._nothing_collected():
        raise ConfigError("This start fails.")
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_drains(stop: signal.Signals, house: Shell, workspace: Workspace) -> None:
    house.environ["MUSTER_PORT"] = str(port := free_port())
    process = house.process("serve")
    try:
        assert _answers(port, "/readyz", process).json()["ready"] is True
        said = house("replay", "--to", f"http://127.0.0.1:{port}", "alert.json", "--json")
        assert [row["decision"] for row in said.data()] == ["opened"]
        workspace.wait_for(lambda: workspace.history("C01FRAUDML"), 10, "the owner is told")
        began = time.monotonic()
        process.send_signal(stop)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, time.monotonic() - began < 5) == (0, True), err
        assert "Traceback" not in err
    finally:
        process.kill()
    assert house("audit", "1").code == 0


def test_serve_refuses_a_port_that_is_taken(house: Shell, workspace: Workspace) -> None:
    house.environ["MUSTER_PORT"] = workspace.base_url.rstrip("/").rpartition(":")[2]
    refused = house.ended("serve")
    assert refused.code == 1
    assert refused.err.splitlines()[-1].endswith("End what listens there already, or set MUSTER_HOST and MUSTER_PORT.")


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({}, "SLACK_BOT_TOKEN is not set. Run `muster init`, or put the bot token into .env."),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set"),
        ({"SLACK_BOT_TOKEN": "change-me"}, "SLACK_BOT_TOKEN is still the sample value"),
        ({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"}, "There is no ownership.yaml."),
        (
            {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_BOT_TOKEN_FILE": "x"},
            "SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both",
        ),
        ({"MUSTER_PORT": "many"}, "The environment cannot be used: MUSTER_PORT"),
    ],
)
def test_serve_says_what_is_missing(environ: dict[str, str], sentence: str, shell: Shell) -> None:
    shell.environ |= environ
    assert shell.ended("serve").sentence().startswith(sentence)


@pytest.mark.parametrize("package", ["bot", "playbooks", "storage"])
def test_serve_refuses_beside_a_distribution_that_owns_our_names(
    package: str, house: Shell, workspace: Workspace, tmp_path: Path
) -> None:
    other = tmp_path / "site" / f"{package}_from_elsewhere-1.0.dist-info"
    other.mkdir(parents=True)
    (other / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}-from-elsewhere\nVersion: 1.0\n")
    (other / "top_level.txt").write_text(f"{package}\n")
    said = house.ended("serve", path=other.parent).sentence()
    assert said.startswith(f"The package `{package}` belongs to {package}-from-elsewhere here")
    assert "environment of its own" in said


# ------------------------------------------------------------------ doctor


@pytest.fixture
def well(house: Shell, workspace: Workspace) -> Shell:
    """A folder in which everything is well but the lever, which stands in no plant."""
    text = (house.folder / "ownership.yaml").read_text()
    lines = [line for line in text.splitlines() if "{provider: local" not in line and line.strip() != "levers:"]
    (house.folder / "ownership.yaml").write_text("\n".join(lines) + "\n")
    return house


def _levels(shell: Shell) -> dict[str, set[str]]:
    said = shell("doctor", "--json")
    rows = said.data()["findings"]
    assert said.code == (1 if any(row["level"] == "error" for row in rows) else 0)
    assert all(row["next_step"] for row in rows if row["level"] == "error")
    return {what: {row["level"] for row in rows if row["what"] == what} for what in {row["what"] for row in rows}}


def test_doctor_of_a_house_in_order(well: Shell) -> None:
    said = well("doctor")
    assert said.code == 0, said.out
    assert "✓ manifest   all " in said.out
    assert "✓ clock      agrees with Slack's" in said.out
    assert "Socket Mode opens with the app token" in said.out
    assert not (well.folder / "muster.db").exists()


def test_doctor_names_a_lever_nobody_answers_for(house: Shell, workspace: Workspace) -> None:
    said = house("doctor")
    assert said.code == 1
    assert "✗ levers     rollback of fraud-scorer (local):" in said.out


def test_doctor_names_a_scope_that_is_not_granted(well: Shell, workspace: Workspace) -> None:
    workspace.hub.seed.bot_scopes.remove("pins:write")
    said = well("doctor")
    assert said.code == 1
    assert "✗ manifest   The scope pins:write is not granted (for: pin the incident's card)." in said.out
    assert "reinstall" in said.out


@pytest.mark.parametrize(("seconds", "level"), [(-600, "error"), (600, "error"), (90, "warning"), (20, "ok")])
def test_doctor_compares_clocks(seconds: int, level: str, well: Shell, workspace: Workspace) -> None:
    workspace.hub.clock = lambda: time.time() + seconds
    assert _levels(well)["clock"] == {level}


def test_doctor_sees_tokens_channels_and_sources(well: Shell, workspace: Workspace) -> None:
    config = well.folder / "muster.yaml"
    config.write_text(config.read_text().replace("C09TRIAGE", "C0NOWHERE"))
    del well.environ["MUSTER_INTAKE_TOKEN"]
    levels = _levels(well)
    assert (levels["channels"], levels["sources"]) == ({"error"}, {"warning"})
    well.environ["SLACK_BOT_TOKEN"] = "xoxb-of-somebody-else"
    assert "Slack refuses SLACK_BOT_TOKEN: invalid_auth." in well("doctor").out


def test_doctor_without_an_answer_from_slack(well: Shell) -> None:
    well.environ["SLACK_API_URL"] = f"http://127.0.0.1:{free_port()}/api/"
    said = well("doctor")
    assert said.code == 1
    assert "✗ slack      Slack does not answer" in said.out


def test_doctor_asks_who_is_on_call(well: Shell) -> None:
    assert _levels(well)["on call"] == {"ok"}
    path = well.folder / "ownership.yaml"
    path.write_text(path.read_text().replace("{static: [ravi]}", "{ical: oncall.ics, static: [ravi]}"))
    said = well("doctor")
    assert said.code == 0
    assert "! on call    payments-data: " in said.out
    assert "from the list of the registry" in said.out


def test_doctor_sees_a_database_of_a_newer_muster(well: Shell, database_url: str) -> None:
    from sqlalchemy import text

    from storage.engine import WRITES, make_engine
    from storage.schema import upgrade

    well.environ["MUSTER_DATABASE_URL"] = database_url
    engine = make_engine(database_url)
    upgrade(engine)
    assert _levels(well)["database"] == {"ok"}
    with engine.connect().execution_options(**{WRITES: True}) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    engine.dispose()
    assert _levels(well)["database"] == {"error"}
    assert well("db", "upgrade").sentence().startswith("The database was written by a newer Muster")


def test_doctor_tells_of_a_broken_registry(well: Shell) -> None:
    (well.folder / "ownership.yaml").write_text("api: ownership/v1\ncomponents: {x: {kind: model, owner: nobody}}\n")
    assert _levels(well)["ownership"] == {"error"}
