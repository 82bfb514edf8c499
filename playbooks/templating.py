"""Templates by file: a user's folder before ours, the most specific file first, undefined names refused."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

import jinja2
import jinja2.meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from playbooks.errors import ConfigError

OURS = Path(__file__).parent / "templates"
DOCUMENT, PAGES = "postmortem", "pages"


FAULTS = (
    jinja2.TemplateError, TypeError, ValueError, ArithmeticError, AttributeError, LookupError, RecursionError
)  # fmt: skip
"""What a template's own text can raise while it is rendered."""


@dataclass(frozen=True, slots=True)
class Case:
    """What a template may be chosen by: accountable team, severity id and failure mode; each may be empty."""

    team: str = ""
    severity: str = ""
    failure: str = ""


ANY = Case()


def folders(templates: Path | None, kind: str, case: Case) -> tuple[Path, ...]:
    """Where a template is looked for, the first that has it wins.

    `KIND/TEAM/SEVERITY`, `KIND/TEAM/FAILURE`, `KIND/TEAM`, `KIND/FAILURE`, `KIND/SEVERITY`, `KIND`, the folder itself
    (documents only), then ours.
    """
    named = [
        (case.team, case.severity),
        (case.team, case.failure),
        (case.team,),
        (case.failure,),
        (case.severity,),
        (),
    ]
    found = [templates.joinpath(kind, *parts) for parts in named if templates is not None and all(map(_plain, parts))]
    if templates is not None and kind == DOCUMENT:
        found.append(templates)
    return (*(folder for folder in found if folder.is_dir()), OURS / kind)


def _plain(name: str) -> bool:
    """Whether a name of the chain is a folder's name and nothing else."""
    return bool(name) and name not in (".", "..") and not set(name) & set("/\\\0")


@lru_cache(maxsize=64)
def environment(found: tuple[Path, ...], *, html: bool) -> jinja2.Environment:
    """A sandbox over these folders; jinja2 compiles a file again when it has changed."""
    return ImmutableSandboxedEnvironment(
        loader=jinja2.FileSystemLoader([*found]),
        undefined=jinja2.StrictUndefined,
        autoescape=html,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def source(env: jinja2.Environment, name: str) -> str:
    """Text of a template. Raises jinja2.TemplateNotFound."""
    assert env.loader is not None
    return env.loader.get_source(env, name)[0].replace("\r\n", "\n")


def file_of(env: jinja2.Environment, name: str) -> Path:
    """Which file a template comes from. Raises jinja2.TemplateNotFound."""
    assert env.loader is not None
    return Path(env.loader.get_source(env, name)[1] or name)


def sources_of(env: jinja2.Environment, name: str) -> str:
    """Text of a template and of everything it includes, imports or extends."""
    return "\n".join(source(env, each) for each in _closure(env, [name]))


def version_of(env: jinja2.Environment, names: Sequence[str]) -> str:
    """Digest over the sources in use: these templates, and what they include, import or extend."""
    digest = sha256()
    for name in _closure(env, names):
        digest.update(source(env, name).encode() + b"\x00")
    return digest.hexdigest()[:12]


def refusal(error: Exception, kind: str, name: str, env: jinja2.Environment) -> ConfigError:
    """A template that cannot be rendered, with its file and line."""
    file, line = _place(error, env, name)
    inside = next((file.relative_to(f) for f in (OURS, *_searched(env)) if file.is_relative_to(f)), Path(file.name))
    where = inside if inside.parts[0] == kind else Path(kind) / inside
    at = f" cannot be rendered, line {line}" if line else " cannot be rendered"
    return ConfigError(
        f"The template {where.as_posix()}{at}: {error}.",
        "Mend it, or take it out of your templates folder to use Muster's own.",
    )


def _searched(env: jinja2.Environment) -> list[Path]:
    """The folders of the user, from the outermost: a file is named from there."""
    assert isinstance(env.loader, jinja2.FileSystemLoader)
    return sorted((Path(folder) for folder in env.loader.searchpath), key=lambda folder: len(folder.parts))


def _place(error: Exception, env: jinja2.Environment, name: str) -> tuple[Path, int]:
    """File and line: of a syntax error, or of the last template in the traceback, which jinja2 writes for that."""
    if isinstance(error, jinja2.TemplateSyntaxError):
        return Path(error.filename or error.name or name), error.lineno
    found = [
        (Path(frame.filename), frame.lineno or 0)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(".j2")
    ]
    return found[-1] if found else (file_of(env, name), 0)


def _closure(env: jinja2.Environment, names: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    left = list(names)
    while left:
        name = left.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            text = source(env, name)
        except jinja2.TemplateNotFound:
            continue  # told when it is rendered
        yield name
        left += _referenced(env, text)


@lru_cache(maxsize=1024)
def _referenced(env: jinja2.Environment, text: str) -> tuple[str, ...]:
    """Names of the templates a source includes, imports or extends; parsing is what costs, so each text is once."""
    try:
        further = jinja2.meta.find_referenced_templates(env.parse(text))
    except jinja2.TemplateSyntaxError:
        return ()  # told when it is rendered
    return tuple(sorted(other for other in further if other is not None))
