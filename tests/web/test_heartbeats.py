"""Expected signals through HTTP: the secret first, then whether it is expected; what was answered is on disk."""

from __future__ import annotations

from tests.end_to_end.scene import Scene

EXPECTS = "    expects: [{signal: nightly-training, every: 24h, grace: 30m}]\n"


def expecting(at: Scene) -> None:
    """The registry with one expected signal."""
    path = at.folder / "ownership.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("  fraud-scorer:\n", "  fraud-scorer:\n" + EXPECTS, 1), "utf-8")
    at.service.registry.reload()


def test_a_signal_is_taken_and_moves_its_time(web: Scene) -> None:
    expecting(web)
    answer = web.send("/heartbeats/fraud-scorer/nightly-training", content=b"")
    assert answer.status_code == 202, answer.text
    assert answer.json()["signal"] == "nightly-training"
    with web.service.house.store.read() as uow:
        timer = uow.timers(["expected:fraud-scorer:nightly-training"])["expected:fraud-scorer:nightly-training"]
    assert timer.due_at.isoformat() == answer.json()["missing_from"]


def test_a_wrong_secret_comes_before_an_unknown_name(web: Scene) -> None:
    expecting(web)
    for path in ("/heartbeats/fraud-scorer/nightly-training", "/heartbeats/nonsense/nonsense"):
        refused = web.send(path, content=b"", secret="wrong")
        assert (refused.status_code, refused.json()["title"]) == (401, "wrong secret")
    unknown = web.send("/heartbeats/fraud-scorer/nonsense", content=b"{")
    assert (unknown.status_code, unknown.json()["title"]) == (404, "unknown signal")
    assert "expects" in unknown.json()["detail"]
    assert web.send("/heartbeats/fraud-scorer/nightly-training", content=b"x" * (2**20 + 1)).status_code == 413
