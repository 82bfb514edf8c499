"""The document as a row of blocks: machine blocks with their digest, human blocks that are never touched."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from playbooks import errors

PLACEHOLDER = "_To be written._"
_OPEN = re.compile(r"<!-- (machine|human):([a-z0-9-]+)(?: sha256=([0-9a-f]{64}))? -->")
_NEXT_STEP = "Take your change out of it and add a correction event instead: `/inc note` with the right time and text."


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced part. `digest` is what the fence of a machine block says, empty for human ones."""

    name: str
    machine: bool
    content: str
    digest: str = ""

    @property
    def untouched(self) -> bool:
        """Whether a machine block is what its digest was taken over; line ends of an editor do not count."""
        return not self.machine or self.digest == digest_of(self.content)

    @property
    def open(self) -> bool:
        """Whether a human block holds no answer yet: nothing but its question and the place for the answer."""
        lines = [line.strip() for line in self.content.splitlines()]
        return not self.machine and all(not line or line.startswith(">") or line == PLACEHOLDER for line in lines)

    @property
    def pristine(self) -> bool:
        """Whether nobody wrote anything into a human block, so that it may go when its question is gone."""
        return self.open and PLACEHOLDER in self.content

    def fenced(self) -> str:
        """The block as it stands in the document."""
        if self.machine:
            return f"<!-- machine:{self.name} sha256={digest_of(self.content)} -->\n{self.content}\n<!-- /machine -->"
        return f"<!-- human:{self.name} -->\n{self.content}\n<!-- /human -->"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a document, and in which block."""

    block: str
    what: str


def digest_of(content: str) -> str:
    """Digest of a machine block, the same whatever line ends an editor wrote."""
    return sha256(content.replace("\r\n", "\n").removesuffix("\r").encode()).hexdigest()


def document(blocks: Sequence[Block]) -> str:
    """The blocks as one file."""
    return "\n\n".join(block.fenced() for block in blocks) + "\n"


def split(markdown: str) -> tuple[list[Block], list[Problem]]:
    """The blocks of a document, and what is not one: stray text, fences without an end, names used twice."""
    blocks: list[Block] = []
    problems: list[Problem] = []
    open_fence: re.Match[str] | None = None
    body: list[str] = []
    for line in markdown.split("\n"):
        bare = line.rstrip("\r")
        if open_fence is None:
            open_fence = _OPEN.fullmatch(bare)
            body = []
            if open_fence is None and bare.strip():
                problems.append(Problem("", f"text outside every block: {bare.strip()[:60]}"))
        elif bare == f"<!-- /{open_fence[1]} -->":
            blocks.append(_block(open_fence, body))
            open_fence = None
        else:
            if _OPEN.fullmatch(bare):
                problems.append(Problem(open_fence[2], "the block has no end before the next begins"))
            body.append(line)
    if open_fence is not None:
        problems.append(Problem(open_fence[2], "the block has no end"))
    names = [block.name for block in blocks]
    problems += [Problem(name, "the block is there twice") for name in sorted({n for n in names if names.count(n) > 1})]
    return blocks, problems


def _block(fence: re.Match[str], body: Sequence[str]) -> Block:
    content = "\n".join(body)
    return Block(fence[2], fence[1] == "machine", content, fence[3] or "")


def human_blocks(markdown: str) -> dict[str, str]:
    """What people wrote, by block, byte for byte."""
    return {block.name: block.content for block in split(markdown)[0] if not block.machine}


def merged(existing: str, fresh: Sequence[Block], printed: Collection[str] = ()) -> str:
    """The fresh machine blocks with the human blocks of the existing document; those of `printed` are the fresh ones.

    Raises:
        errors.Conflict: a machine block was edited, or text stands where a new rendering would drop it.
    """
    old, problems = split(existing)
    if problems:
        where = f" (block {problems[0].block})" if problems[0].block else ""
        raise errors.Conflict(
            f"The document cannot be taken apart{where}: {problems[0].what}.",
            "Move your text into one of the human blocks and leave the comment lines as they are.",
            code="draft_not_readable",
        )
    for block in old:
        if not block.untouched:
            raise errors.Conflict(
                f"The machine block “{block.name}” was edited, and a new rendering would drop that.",
                _NEXT_STEP,
                code="machine_block_edited",
            )
    return document(with_human(fresh, {b.name: b.content for b in old if not b.machine and b.name not in printed}))


def with_human(fresh: Sequence[Block], human: Mapping[str, str]) -> list[Block]:
    """Fresh blocks with people's texts in place; a text whose question is no longer asked is kept at its end."""
    names = {block.name for block in fresh}
    kept = [Block(n, False, text) for n, text in human.items() if n not in names and not Block(n, False, text).pristine]
    placed: list[Block] = []
    last_human = max((i for i, b in enumerate(fresh) if not b.machine), default=len(fresh) - 1)
    for index, block in enumerate(fresh):
        written = None if block.machine else human.get(block.name)
        placed.append(block if written is None else Block(block.name, False, written))
        if index == last_human:
            placed.extend(kept)
    return placed
