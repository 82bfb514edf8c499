"""CODEOWNERS: GitHub's (the last match wins) and GitLab's (sections, each with its own last match)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from bot.providers.owners.reading import Notes, email_ref, line_of
from playbooks.domain.imported import ComponentFact, Imported, Ref, Source, TeamFact, an_email, to_id
from playbooks.errors import InputError

MAX_CHARACTERS = 3 * 1024 * 1024
"""GitHub reads no larger file."""
_SECTION = re.compile(r"(?P<optional>\^)?\[(?P<name>[^\]]+)\](?:\[(?P<count>\d*)\])?(?P<owners>\s.*)?")
_HANDLE = re.compile(r"@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*)(?:/[A-Za-z0-9_.-]+)*")
_ROLE = re.compile(r"@@[A-Za-z]+")
_MORE = ("**",)  # any number of folders, also none
_UNKNOWN_FILE = "\ufffd"  # stands for any file in a folder


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: the pattern as written, its owners, the line it is in, and whether it takes paths out."""

    pattern: str
    owners: tuple[str, ...]
    line: int
    excludes: bool = False


@dataclass(slots=True)
class Section:
    """One section of a GitLab file; a GitHub file is one section without a name."""

    name: str = ""
    optional: bool = False
    owners: tuple[str, ...] = ()
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CodeOwners:
    """A file as read; `gitlab` decides how patterns match."""

    sections: tuple[Section, ...]
    gitlab: bool = False

    def rules_for(self, path: str) -> list[Rule]:
        """The rule that counts in each section, in the order of the sections; a folder ends with a slash."""
        wanted = path.strip("/") + (f"/{_UNKNOWN_FILE}" if path.endswith("/") or not path.strip("/") else "")
        found = []
        for section in self.sections:
            rule = self._last(section, wanted.strip("/"))
            if rule is not None:
                found.append(rule)
        return found

    def owners_of(self, path: str) -> tuple[str, ...]:
        """Owners of a path, each once; empty where nobody owns it."""
        return tuple(dict.fromkeys(owner for rule in self.rules_for(path) for owner in rule.owners))

    def _last(self, section: Section, path: str) -> Rule | None:
        last = None
        for rule in section.rules:
            if matches(rule.pattern, path, gitlab=self.gitlab):
                if rule.excludes:
                    return None  # never taken in again
                last = rule
        return last


def parse(text: str, *, name: str, syntax: str = "") -> tuple[CodeOwners, Notes]:
    """The rules of a file; `syntax` is github or gitlab, by default what its sections tell. Raises InputError."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{name} is larger than 3 MB, which no CODEOWNERS file may be.")
    notes = Notes(name)
    lines = list(enumerate(text.removeprefix("\ufeff").splitlines(), 1))
    gitlab = syntax == "gitlab" or (not syntax and any(_header(line) for _, line in lines))
    sections = {"": Section()}
    current = sections[""]
    for number, line in lines:
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        header = _header(line) if gitlab else None
        if header is not None:
            current = _enter(sections, header)
            continue
        rule = _gitlab_rule(line, number, current, notes) if gitlab else _github_rule(line, number, notes)
        if rule is not None:
            current.rules.append(rule)
    return CodeOwners(tuple(sections.values()), gitlab), notes


def read(text: str, *, name: str, components: Mapping[str, str], syntax: str = "") -> Imported:
    """Owners of each component by its path; every team of the file is told, also by others. Raises InputError."""
    owners, notes = parse(text, name=name, syntax=syntax)
    found: list[ComponentFact] = []
    teams: dict[Ref, TeamFact] = {}
    for component, path in components.items():
        rules = owners.rules_for(path)
        line = rules[0].line if rules else 0
        source = Source(name, line, path)
        ref = Ref(f"component:{component}", component)
        people = _refs([owner for rule in rules for owner in rule.owners], source, notes)
        owner = _accountable(component, people, source, notes, teams)
        found.append(ComponentFact(ref, source, owner=owner))
    return notes.result(components=found, teams=teams.values())


def _accountable(
    component: str, owners: Sequence[Ref], source: Source, notes: Notes, teams: dict[Ref, TeamFact]
) -> Ref | None:
    groups = [ref for ref in owners if not ref.person]
    if not owners:
        notes.add(source, f"nobody owns this path, so {component} has no owner here")
        return None
    if len(groups) > 1:
        also = ", ".join(ref.id for ref in groups[1:])
        notes.add(source, f"{component} has several owning teams; {groups[0].id} is taken as accountable, not {also}")
    if groups:
        return groups[0]
    if len(owners) == 1:
        return owners[0]
    made = f"{component[:52]}-codeowners"
    ref = Ref(f"team:{made}", made)
    teams[ref] = TeamFact(ref, source, members=tuple(owners))
    notes.add(source, f"{component} is owned by {len(owners)} persons; the team {made} stands for them")
    return ref


def _refs(words: Sequence[str], source: Source, notes: Notes) -> list[Ref]:
    found: dict[Ref, None] = {}
    for word in words:
        if _ROLE.fullmatch(word):
            notes.add(source, f"{word} is a role in a project and names nobody")
            continue
        email = an_email(word) if not word.startswith("@") else ""
        name = word.lstrip("@").lower()
        ref = email_ref(email) if email else None
        if ref is None and "/" in name and to_id(name.rsplit("/", 1)[1]):
            ref = Ref(f"team:{name}", to_id(name.rsplit("/", 1)[1]))
        elif ref is None and to_id(name):
            ref = Ref(f"login:{name}", to_id(name), person=True)
        if ref is not None:
            found[ref] = None
    return list(found)


# ------------------------------------------------------------------ lines


def _header(line: str) -> re.Match[str] | None:
    found = _SECTION.fullmatch(line.strip())
    words = (found["owners"] or "").split() if found else []
    return found if found and all(_is_owner(word) for word in words) else None


def _enter(sections: dict[str, Section], header: re.Match[str]) -> Section:
    """The section of a header; one of the same name, whatever its case, is gone on with."""
    name = " ".join(header["name"].split())
    owners = tuple((header["owners"] or "").split())
    section = sections.setdefault(name.lower(), Section(name, bool(header["optional"]), owners))
    if owners:
        section.owners = owners
    return section


def _words(line: str) -> list[str]:
    """Words of a line; a backslash keeps a space inside one."""
    return re.findall(r"(?:\\.|[^\s\\]|\\$)+", line)


def _github_rule(line: str, number: int, notes: Notes) -> Rule | None:
    words = _words(line)
    cut = next((at for at, word in enumerate(words) if at and word.startswith("#")), len(words))
    pattern, owners = words[0], words[1:cut]
    source = Source(notes.file, number, line_of(pattern, 80))
    unread = [word for word in owners if not _is_owner(word)]
    if pattern.startswith("!"):
        notes.add(source, "GitHub knows no pattern with !, so the line is passed over")
        return None
    if unread:
        notes.add(source, f"{line_of(unread[0], 60)} is no owner, so the line is passed over")
        return None
    return Rule(pattern, tuple(owners), number)


def _gitlab_rule(line: str, number: int, section: Section, notes: Notes) -> Rule:
    words = _words(line)
    excludes = words[0].startswith("!") and len(words[0]) > 1
    owners = tuple(word for word in words[1:] if _is_owner(word) or _ROLE.fullmatch(word))
    if len(owners) < len(words) - 1:
        odd = next(word for word in words[1:] if word not in owners)
        notes.add(Source(notes.file, number, line_of(words[0], 80)), f"{line_of(odd, 60)} is no owner")
    return Rule(words[0][1:] if excludes else words[0], owners or section.owners, number, excludes)


def _is_owner(word: str) -> bool:
    return bool(_HANDLE.fullmatch(word) or _ROLE.fullmatch(word) or an_email(word))


# ------------------------------------------------------------------ patterns


def matches(pattern: str, path: str, *, gitlab: bool = False) -> bool:
    """Whether a pattern takes in a path; never slow, whatever the pattern is."""
    wanted = _gitlab_parts(pattern) if gitlab else _github_parts(pattern)
    return _walk(wanted, tuple(path.strip("/").split("/")))


@lru_cache(maxsize=4096)
def _github_parts(pattern: str) -> tuple[str | tuple[str, ...], ...]:
    if not pattern.strip("/"):
        return ("\x00",)  # `/` alone takes in nothing
    parts = pattern.split("/")
    anchored = parts[0] == "" or len([part for part in parts if part]) > 1
    folder = parts[-1] == ""
    names = [part for part in parts if part]
    found: list[str | tuple[str, ...]] = [] if anchored else [_MORE]
    found += [_MORE if name == "**" else name for name in names]
    if folder or names[-1] == "**":
        return (*found[:-1], _MORE, "*") if names[-1] == "**" else (*found, _MORE, "*")
    # A name also takes in what is inside a folder of that name; a lone star at the end does not.
    return tuple(found) if names[-1] == "*" and len(names) + anchored > 1 else (*found, _MORE)


@lru_cache(maxsize=4096)
def _gitlab_parts(pattern: str) -> tuple[str | tuple[str, ...], ...]:
    if pattern == "*":
        return (_MORE, "*")
    anchored = pattern.startswith("/")
    names = [part for part in pattern.split("/") if part]
    found: list[str | tuple[str, ...]] = [] if anchored else [_MORE]
    found += [_MORE if name == "**" and at < len(names) - 1 else name for at, name in enumerate(names)]
    return (*found, _MORE, "*") if pattern.endswith("/") else tuple(found)


def _walk(wanted: tuple[str | tuple[str, ...], ...], path: tuple[str, ...]) -> bool:
    """Folder by folder; where `**` took too little, it takes one more, and an earlier one never needs to."""
    at, here, star, mark = 0, 0, -1, 0
    while here < len(path):
        part = wanted[at] if at < len(wanted) else None
        if isinstance(part, tuple):
            star, mark, at = at, here, at + 1
        elif part is not None and _name(part, path[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return all(isinstance(part, tuple) for part in wanted[at:])


@lru_cache(maxsize=4096)
def _signs(part: str) -> tuple[str, ...]:
    """The signs of one name: `*`, `?`, or a plain one with a backslash before it where it is no wildcard."""
    found: list[str] = []
    for sign in re.findall(r"\\.|.", part, re.DOTALL):
        if sign == "*" and found and found[-1] == "*":
            continue
        found.append(sign[1:] if sign.startswith("\\") and sign[1:] not in ("*", "?", "") else sign)
    return tuple(found)


def _name(part: str, text: str) -> bool:
    signs = _signs(part)
    at, here, star, mark = 0, 0, -1, 0
    while here < len(text):
        sign = signs[at] if at < len(signs) else ""
        if sign == "*":
            star, mark, at = at, here, at + 1
        elif sign == "?" or (sign and sign.removeprefix("\\") == text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            mark += 1
            at, here = star + 1, mark
        else:
            return False
    return all(sign == "*" for sign in signs[at:])
