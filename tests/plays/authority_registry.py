"""The tests' registry with all-clears, and with every meaning of silence."""

from __future__ import annotations

from pathlib import Path

from playbooks.domain.ownership import Registry

_TEXT = (Path(__file__).parent / "ownership.yaml").read_text("utf-8")
_SCORER = """\
      roll_back: {decide: [omar], deputy: [lin], approvals: 1, answer_within: PT10M, if_silent: deputy}
"""
_DECLINE = """\
      disable: {decide: ["on_call:fraud-ml"], deputy: [lin], approvals: 1, longest: P1D}
"""
_RANKER = """\
      roll_back: {decide: [omar, lin, dana], approvals: 2, answer_within: PT10M}
"""
_SPAM = """\
      roll_back: {decide: [omar], approvals: 0}
"""
for _part in (_SCORER, _DECLINE, _RANKER, _SPAM):
    assert _TEXT.count(_part) == 1


def registry(*, silent: str = "deputy", scorer: str = "", more: str = "") -> Registry:
    """`silent`: what silence means for a rollback of fraud-scorer. `more`: further rights of it."""
    deputy = "deputy: [lin], " if silent == "deputy" else scorer
    asked = f"      roll_back: {{decide: [omar], {deputy}approvals: 1, answer_within: PT10M, if_silent: {silent}}}\n"
    return Registry.load(_TEXT.replace(_SCORER, asked + more))


ALL_CLEAR = registry(more="      all_clear: {decide: [omar], deputy: [lin], approvals: 1}\n")
TWO_AGREE = registry(more="      all_clear: {decide: [omar, lin, mei], approvals: 2}\n")
