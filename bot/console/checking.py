"""`muster check`, `muster route`: what the files say, and what would happen to a payload; both write nothing."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.console.speaking import say, settings, show, text_of
from playbooks.errors import ConfigError, InputError

if TYPE_CHECKING:
    from bot.config import Config
    from playbooks.check import Finding
    from playbooks.domain.ownership import Registry

_MAPPING = re.compile(r"^\s*api:\s*['\"]?mapping/", re.MULTILINE)
_REGISTRY = re.compile(r"^\s*api:\s*['\"]?ownership/", re.MULTILINE)


def check(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...", help="Ownership files, muster.yaml, or folders of them.", show_default=False
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 2 where a gap is left open.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Validate configuration and ownership registry; list ownership and authority gaps. Made for a pipeline.

    \b
    Example: muster check
    Example: muster check --strict ownership.yaml muster.yaml

    Exit code 1 on an error, 2 on a gap with --strict. Without PATH the files of MUSTER_CONFIG are checked.
    """
    from playbooks.check import Level

    findings, about = _findings(paths or [])
    wrong = [finding for finding in findings if finding.level is Level.ERROR]
    gaps = sum(finding.level is Level.GAP for finding in findings)
    code = 1 if wrong else 2 if strict and gaps else 0
    if as_json:
        rows = [{"level": str(f.level), "where": f.where, "sentence": f.sentence, "todo": f.todo} for f in findings]
        show({"ok": not code, "errors": len(wrong), "gaps": gaps, "checked": about, "findings": rows})
    else:
        for finding in findings:
            say(f"{finding.level:5} {finding.where}: {finding.sentence}")
        say(f"{about}: {_count(len(wrong), 'error')}, {_count(gaps, 'gap')}")
    raise typer.Exit(code)


def _count(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def _findings(paths: list[Path]) -> tuple[list[Finding], str]:
    """The findings of all files, errors first, and what was checked in words."""
    from datetime import UTC, datetime

    from bot.clock import SystemClock
    from bot.config import Config
    from bot.console.destinations import destination_findings
    from bot.registry_file import load_registry
    from playbooks.check import Finding, Level, check_registry, file_findings
    from playbooks.domain.ownership import Registry
    from playbooks.schemas.marked import DocumentError

    config_path, registry_paths, mapping_paths = _sorted_out(paths)
    found: list[Finding] = []
    config: Config | None = Config()
    if config_path is not None:
        try:
            config = Config.load(text_of(config_path), name=config_path.name)
        except DocumentError as error:
            found += file_findings(error)
            config = None
    if not registry_paths and config is not None and (config_path is not None or not paths):
        registry_paths = list(config.ownership_paths(config_path.parent if config_path else Path()))
    if config is not None and config_path is not None:
        mapping_paths += [config_path.parent / entry.mapping for entry in config.sources.values() if entry.mapping]
    found += _mappings(mapping_paths)
    registry = Registry()
    try:
        registry, complaints = load_registry([(path, text_of(path)) for path in registry_paths], SystemClock())
        found += [Finding(Level.ERROR, "imports", text) for text in complaints]
    except DocumentError as error:
        found += file_findings(error)
    else:
        providers = set(config.providers) if config is not None and config_path is not None else None
        now = datetime.now(UTC)
        found += (
            check_registry(registry, now=now, providers=providers, severities=config.severities)
            if config is not None
            else check_registry(registry, now=now, providers=providers)
        )
        if config is not None:
            found += _bindings(registry, config)
            found += destination_findings(config, registry)
    if config is not None and config_path is not None:
        found += _templates(config, config_path.parent, registry)
    about = ", ".join(str(path) for path in [*([config_path] if config_path else []), *registry_paths])
    return sorted(found, key=lambda finding: finding.level is not Level.ERROR), about or "nothing"


def _mappings(paths: list[Path]) -> list[Finding]:
    """Mappings that cannot be used, and samples that do not give what is expected of them."""
    from bot.mappings import load
    from bot.providers.alerts.mapped import differences
    from playbooks.check import Finding, Level, file_findings
    from playbooks.schemas.marked import DocumentError

    found = []
    for path in dict.fromkeys(paths):
        try:
            found += [Finding(Level.ERROR, path.name, f"{words}.") for words in differences(load(path))]
        except DocumentError as error:
            found += file_findings(error)
        except (ConfigError, InputError) as error:
            found.append(Finding(Level.ERROR, path.name, error.told))
    return found


def _sorted_out(paths: list[Path]) -> tuple[Path | None, list[Path], list[Path]]:
    """The configuration, the registry's files and mappings; the settings' configuration where none is named."""
    if not paths:
        config = settings().config
        return (config if config.is_file() else None), [], []
    files: list[Path] = []
    for path in paths:
        inside = sorted(each for each in path.glob("*.y*ml") if each.suffix in (".yaml", ".yml"))
        if path.is_dir() and not inside:
            raise InputError(f"There is no YAML file in {path}.", "Name the files to check.")
        files += inside if path.is_dir() else [path]
    registry = [path for path in files if _REGISTRY.search(text_of(path))]
    mappings = [path for path in files if _MAPPING.search(text_of(path))]
    known = {*registry, *mappings}
    rest = [path for path in files if path not in known and "muster" in path.name]
    unknown = [path for path in files if path not in known and path not in rest]
    named = [path for path in unknown if path in paths]
    if named:
        raise InputError(
            f"{named[0]} is neither an ownership file nor a configuration.",
            "An ownership file begins with `api: ownership/v1`, a mapping with `api: mapping/v1`; a configuration has "
            "muster in its name.",
        )
    if len(rest) > 1:
        raise InputError(f"{rest[0]} and {rest[1]} are both configurations.", "Check one at a time.")
    return (rest[0] if rest else None), registry, mappings


def _templates(config: Config, folder: Path, registry: Registry) -> list[Finding]:
    """Each template, rendered; those of the user's folder, where one is named."""
    from playbooks.check_templates import Names, check_templates

    failures = {match.failure for component in registry.components.values() for match in component.alerts}
    names = Names(registry.teams, {s.id for s in config.severities}, {failure for failure in failures if failure})
    return check_templates(folder / config.postmortem.templates if config.postmortem.templates else None, names)


def _bindings(registry: Registry, config: Config) -> list[Finding]:
    """Errors in the keys of lever bindings and provider settings, found without any call or secret."""
    from bot.providers.registry import LeverShelf
    from bot.providers.shelf import without_secrets
    from playbooks.check import Finding, Level
    from playbooks.domain.actions import UNPROVEN_WORDS, Maturity
    from playbooks.domain.backstops import ends_too_early
    from playbooks.domain.ownership_file import for_provider

    shelf = LeverShelf({name: without_secrets(entry) for name, entry in config.providers.items()})
    found = []
    for component in registry.components.values():
        for kind, bound in component.levers.items():
            provider = str(bound["provider"])
            if provider not in config.providers:
                continue  # told by the registry's own check
            where = f"components.{component.id}.levers.{kind}"
            binding = for_provider(bound)
            try:
                shelf.check(provider, binding)
                backstop = shelf.backstop(provider, binding) if kind == "disable" else None
                early = ends_too_early(component, backstop, config.time_box_longest) if backstop is not None else ""
                found += [Finding(Level.ERROR, where, early)] if early else []
            except ConfigError as error:
                found.append(Finding(Level.ERROR, where, error.told))
            if shelf.maturity(provider) is Maturity.UNPROVEN:
                found.append(Finding(Level.NOTE, where, f"{provider}: {UNPROVEN_WORDS}"))
    shelf.close()
    return found


# ------------------------------------------------------------------ route


def route(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A payload as its source sends it; - for stdin.")],
    source: Annotated[
        str, typer.Option(help="Name of the configured source; default: the first that can read it.")
    ] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="Also every stage it went through, and the matchers that were tried.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What would happen to this payload: alerts, component, owner, dedup key, decision and its reason. Writes nothing.

    \b
    Example: muster route alert.json --explain
    Example: curl -s alertmanager:9093/api/v2/alerts | muster route -
    """
    from bot.console.rehearsal import rehearse

    name = "stdin" if file == "-" else file
    body = sys.stdin.buffer.read() if file == "-" else text_of(Path(file)).encode()
    told = rehearse(settings(), body, source=source, name=name, explain=explain)
    if as_json:
        show(told)
        return
    for line in _lines(told):
        say(line)


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [f"{told['source']}: {_count(len(told['alerts']), 'alert')}; compared with {told['compared_with']}"]
    for row in told["alerts"]:
        lines += ["", f"{row['name']} ({row['status']})"]
        owner = row["owner"] or "nobody"
        on_call = f", on call {', '.join(row['on_call'])}" if row["on_call"] else ""
        lines += [
            f"  component  {row['component'] or 'none'}: {row['why']}",
            f"  owner      {owner}{on_call}; told in {row['told_in'] or 'no channel (set channels.triage)'}",
            f"  severity   {row['severity'] or 'unset: a person sets it'}",
            f"  dedup key  {row['dedup_key']}",
            f"  decision   {' '.join(filter(None, (row['decision'], row['incident'])))}, because {row['reason']}",
        ]
        if "tried" in row:
            lines += [f"    {step['stage']:<10} {step['did']}: {step['why']}" for step in row["path"]]
        for tried in row.get("tried", ()):
            mark = "fits" if tried["fits"] else "no  "
            lines.append(f"    {mark} {tried['component']}: {tried['matcher']} ({tried['why']})")
    for refused in told["rejected"]:
        lines += ["", f"alert {refused['index']} cannot be used: {refused['reason']}"]
    return lines
