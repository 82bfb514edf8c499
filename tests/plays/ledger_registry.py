"""The tests' registry with rights to accept risks and to freeze, and a review that is over."""

from __future__ import annotations

from pathlib import Path

from playbooks.domain.ownership import Registry

_TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
_RIGHTS = """\
      roll_back: {decide: [omar], deputy: [lin], approvals: 1, answer_within: PT10M, if_silent: deputy}
"""
_RANKER = """\
      roll_back: {decide: [omar, lin, dana], approvals: 2, answer_within: PT10M}
"""
assert _TEXT.count(_RIGHTS) == 1
assert _TEXT.count(_RANKER) == 1

LEDGER_TEXT = _TEXT.replace(
    _RIGHTS,
    _RIGHTS
    + """\
      accept_risk: {decide: [lin], deputy: [mei], approvals: 1, longest: P60D}
      freeze: {decide: [omar, lin], approvals: 1}
    reviewed_on: 2026-07-01
    review_every: P90D
""",
).replace(_RANKER, _RANKER + "      accept_risk: {decide: [omar, lin, dana], approvals: 2}\n")
LEDGER_REGISTRY = Registry.load(LEDGER_TEXT)
