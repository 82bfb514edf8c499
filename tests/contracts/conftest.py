"""How long the levers and publishers under test wait for an answer."""

import pytest

from tests.contracts.lever_suite import Trouble


@pytest.fixture
def patience(request: pytest.FixtureRequest) -> float:
    """Seconds to wait for an answer: few where the test is about one that comes too late, else more than enough."""
    called = getattr(request.node, "callspec", None)
    return 0.3 if called is not None and called.params.get("trouble") is Trouble.SLOW else 10.0
