"""The wheel holds what an installed Muster needs, under names that are ours."""

import shutil
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
RINGS = ("bot", "playbooks", "storage")

# Files that are read at run time; a folder may be empty while it is being built.
DATA = (
    "bot/examples",
    "bot/workspace/page",
    "playbooks/templates",
    "playbooks/library",
    "playbooks/schemas",
    "storage/migrations",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for ring in RINGS:
        shutil.copytree(ROOT / ring, source / ring, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "wheel"]
    done = subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder), str(source)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_every_file_that_is_read_at_run_time(wheel: zipfile.ZipFile) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for place in DATA
        for path in (ROOT / place).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    modules = {path.relative_to(ROOT).as_posix() for ring in RINGS for path in (ROOT / ring).rglob("*.py")}
    typed = {f"{ring}/py.typed" for ring in RINGS}
    assert (ours | modules | typed) - set(wheel.namelist()) == set()


def test_the_wheel_brings_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == set(RINGS)


def test_the_wheel_is_ours_by_name_script_and_licence(wheel: zipfile.ZipFile) -> None:
    (info,) = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = Parser().parsestr(wheel.read(f"{info}/METADATA").decode())
    # `playbooks` is somebody else's distribution: ours must never be taken for it.
    assert (metadata["Name"], metadata["License-Expression"]) == ("muster-incident-bot", "Apache-2.0")
    assert "muster = bot.cli:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert f"{info}/licenses/LICENSE" in wheel.namelist()


@pytest.mark.parametrize("lock", ["constraints.txt", "constraints-dev.txt"])
def test_every_dependency_is_pinned_by_hash_and_no_address_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pinned = {line.split("==")[0] for line in text.splitlines() if line and not line.startswith((" ", "#"))}
    entries = text.replace("\\\n", " ").splitlines()
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    if lock == "constraints-dev.txt":
        wanted += [line for line in project["optional-dependencies"]["dev"] if not line.startswith(project["name"])]
    names = {line.split(">=")[0].split("[")[0].lower() for line in wanted}
    assert names - pinned == set()
