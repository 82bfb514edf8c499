"""A chain with snapshots of the AI system: at declaration, before a rollback, after a stop, and at resolve."""

from __future__ import annotations

from typing import Any

from playbooks.domain.ai_state import AUTOMATION, DATA, EVALUATION, FALLBACK, GUARDRAIL, MODEL, NO_LEVER, PROMPT
from tests.drafts.chains import DANA, DRIFT, OMAR, REGISTRY, Chain, K, at

Row = tuple[str, str, str, str, str]
SCORER, DECLINE = "fraud-scorer@champion", "default/auto-decline@production"


def rows(model: str, flag: str, *more: Row) -> list[dict[str, str]]:
    """Rows of a snapshot as they are in a payload."""
    found: list[Row] = [
        (MODEL, SCORER, model, "mlflow", "read"),
        (PROMPT, "fraud-scorer", "", "registry", NO_LEVER),
        (DATA, "transactions-features", "", "airflow", "airflow did not answer"),
        (EVALUATION, "fraud-scorer", f"v{model} marked good: evaluation 0.941", "mlflow", "read"),
        (GUARDRAIL, "fraud-scorer profile", "strict v3", "registry", "registered"),
        (AUTOMATION, DECLINE, flag, "unleash", "read"),
        (FALLBACK, "fraud-scorer", "rules engine v3", "registry", "registered"),
        *more,
    ]
    return [dict(zip(("category", "subject", "value", "from", "read"), row, strict=True)) for row in found]


def watched() -> Chain:
    """v43 is found, v42 is put back, auto-decline is switched off and on again."""
    chain = Chain()
    add = chain.add
    c: dict[str, Any] = {"component": "fraud-scorer"}
    add(
        K.CHANGE, at("22:10", 20), "fraud-scorer@champion: 42 to 43", REGISTRY, recorded=at("02:31:20"), **c,
        payload={"source": "mlflow", "key": "c", "kind": "model_alias", "subject": SCORER, "before": "42",
                 "after": "43", "environment": "champion", "by": ""},
    )  # fmt: skip
    add(K.ALERT, at("02:31"), "PSI of score 0.34", DRIFT, payload={"source": "prometheus", "name": "Drift"}, **c)
    add(K.DECLARED, at("02:31:22"), "INC-42 opened", payload={
        "title": "drift", "component": "fraud-scorer", "severity": "sev2", "fallback": "rules engine v3",
    }, **c)  # fmt: skip
    add(K.STATE, at("02:31:24"), "AI state at declaration: fraud-scorer@champion v43", payload={
        "moment": "declared", "action": None, "component": "fraud-scorer", "rows": rows("43", "on"), "why": "",
    }, **c)  # fmt: skip
    facts = {"action": 17, "kind": "rollback", "component": "fraud-scorer", "target": SCORER, "before": "43",
             "after": "42", "requester_role": "on call fraud-ml"}  # fmt: skip
    add(K.ACTION, at("02:34"), "asked", DANA, payload={**facts, "phase": "requested"}, **c)
    add(K.DECISION, at("02:36"), "approved", OMAR, payload={
        **facts, "verdict": "approved", "decision": "roll_back", "right": "model owner", "used": "holder",
        "approvals": 1, "needed": 1}, **c)  # fmt: skip
    add(K.STATE, at("02:36:01"), "AI state before action 17", payload={
        "moment": "action", "action": 17, "component": "fraud-scorer", "rows": rows("43", "on"), "why": "",
    }, **c)  # fmt: skip
    add(K.ACTION, at("02:36:02"), "started", payload={**facts, "phase": "started"}, **c)
    add(K.VERIFICATION, at("02:36:41"), "20 of 20 answers carry v42", payload={
        **facts, "outcome": "confirmed", "evidence": "20 of 20 answers carry v42"}, **c)  # fmt: skip
    add(K.ACTION_RESULT, at("02:36:42"), "worked", payload={**facts, "result": "worked"}, **c)
    add(K.MITIGATED, at("02:37"), "mitigated", DANA)
    add(K.RESOLVED, at("09:00:30"), "resolved", DANA)
    last = rows("42", "on", (DATA, "transactions-features@daily", "2026-11-21", "airflow", "read"))
    add(K.STATE, at("09:00:31"), "AI state at resolve: fraud-scorer@champion v42", payload={
        "moment": "resolved", "action": None, "component": "fraud-scorer", "rows": last, "why": "",
    }, **c)  # fmt: skip
    return chain
