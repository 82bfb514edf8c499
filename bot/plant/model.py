"""The fraud scorer itself: a small deterministic function whose scores show which version answers."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

FEATURES = ("amount", "night", "country_risk", "merchant_risk")
WEIGHTS = (1.2, 0.6, 1.5, 1.1)
BIAS = -2.4
THRESHOLD = 0.5


def score(features: Sequence[float], shift: float) -> float:
    """Probability of fraud, 0 to 1, four decimals. `shift` moves the log-odds: that is what drift looks like."""
    logit = BIAS + shift + sum(weight * value for weight, value in zip(WEIGHTS, features, strict=True))
    return round(1 / (1 + exp(-max(-60.0, min(60.0, logit)))), 4)
