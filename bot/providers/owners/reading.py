"""What the readers of other registries share: tolerant look-ups in text trees, names to refs, problems with places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playbooks.domain.imported import Imported, Ref, Source, to_id
from playbooks.domain.wording import one_line
from playbooks.schemas.loose import Part, read_parts
from playbooks.schemas.marked import Problem

__all__ = [
    "Notes",
    "documents",
    "email_ref",
    "kind_of",
    "line_of",
    "mapping_at",
    "maps_at",
    "team_ref",
    "text_at",
    "texts_at",
    "tier_of",
]

MAX_PROBLEMS = 200

_KINDS = {
    "model": "model ai-model ml-model llm foundation-model machine-learning-model embedding-model",
    "dataset": "dataset data data-product data-set table database db datastore datalake data-lake warehouse "
    "bucket s3-bucket feature-table topic",
    "feature-pipeline": "feature-pipeline feature-store pipeline data-pipeline etl elt dag dataflow",
    "retriever": "retriever rag vector-store vector-db vector-database search-index index",
    "prompt": "prompt prompt-template skill rule rules instructions",
    "agent": "agent ai-agent assistant chatbot sub-agent subagent",
    "automation": "automation job cron cronjob cron-job scheduled-job workflow bot",
    "service": "service website web api openapi asyncapi graphql grpc library frontend backend function browser mobile "
    "model-server ai-model-server model-service mcp-server system cache queue application app http rest",
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words.split()}


class Notes:
    """Collects problems of one file; each names the file, its line and the entity."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[Problem] = []

    def add(self, source: Source, text: str) -> None:
        """Note a problem of one entity."""
        if len(self._found) < MAX_PROBLEMS:
            self._found.append(Problem(self.file, source.line, one_line(source.ref, 120), text))

    def done(self) -> tuple[Problem, ...]:
        """All problems so far."""
        return tuple(self._found)

    def result(self, **facts: Any) -> Imported:
        """The reader's answer with these problems."""
        return Imported(**{key: tuple(value) for key, value in facts.items()}, problems=self.done())


def documents(text: str, name: str) -> list[Part]:
    """The documents of a YAML or JSON file. Raises DocumentError (a ConfigError)."""
    return read_parts(text, name=name)


def mapping_at(value: object, *path: str) -> dict[str, Any]:
    """The mapping at a path, empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def text_at(value: object, *path: str) -> str:
    """The text at a path, stripped; empty where there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value.strip() if isinstance(value, str) else ""


def texts_at(value: object, *path: str) -> list[str]:
    """The texts of a list at a path; one text counts as a list of one, whatever else is left out."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    items = value if isinstance(value, list) else [value]
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def maps_at(value: object, *path: str) -> Iterator[dict[str, Any]]:
    """The mappings of a list at a path; one mapping counts as a list of one."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def line_of(text: str, limit: int = 300) -> str:
    """A title or a name as one line."""
    return one_line(text, limit)


def kind_of(word: str) -> str:
    """Our kind for a type word of another registry; empty where it is not known."""
    return _KIND_OF.get(to_id(word), "")


def tier_of(text: str) -> int | None:
    """1 to 4 of `1`, `tier-1`, `Tier 1`, `tier_1`, `P1`; None for anything else."""
    digits = to_id(text).removeprefix("tier").removeprefix("-").removeprefix("p")
    return int(digits) if digits in ("1", "2", "3", "4") else None


def team_ref(name: str) -> Ref | None:
    """A team by its bare name; None where no id can be made of it."""
    found = to_id(name)
    return Ref(f"team:{found}", found) if found else None


def email_ref(email: str) -> Ref | None:
    """A person by an e-mail address; the id is made of what stands before the @."""
    found = to_id(email.split("@", 1)[0])
    return Ref(f"email:{email.lower()}", found, person=True, email=email) if found else None
