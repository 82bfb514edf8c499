"""Levers by name, their settings, and the sentences that help with mistakes in them."""

from pathlib import Path

import pytest

from bot.providers.registry import LEVERS, LeverShelf, describe, load
from playbooks.plugin import ConfigError, Maturity


def test_every_built_in_lever_says_what_it_needs() -> None:
    kinds = {kind.name: kind for kind in describe()}

    assert set(LEVERS) <= set(kinds)
    assert all(kind.summary.endswith(".") and kind.tested_with for kind in kinds.values() if kind.builtin)
    assert {"url", "token", "username", "password"} <= set(kinds["mlflow"].settings)
    assert {"model", "alias", "serving", "serving_model", "answers"} <= set(kinds["mlflow"].binding)
    assert set(kinds["unleash"].binding) == {"project", "flag", "environment", "verify_within"}


def test_a_provider_that_is_not_configured_says_what_to_write() -> None:
    with pytest.raises(ConfigError) as failed:
        LeverShelf({"mlflow": {"url": "http://mlflow:5000"}}).get("mlfow")

    assert "did you mean 'mlflow'?" in failed.value.sentence
    assert "providers: {mlfow: {url: …}}" in failed.value.next_step


def test_an_unknown_kind_lists_the_known_ones() -> None:
    with pytest.raises(ConfigError) as failed:
        load("unlesh")

    assert "did you mean 'unleash'?" in failed.value.sentence
    assert "local, manual, mlflow" in failed.value.next_step


def test_two_registries_of_one_kind() -> None:
    shelf = LeverShelf({"mlflow": {"url": "http://a:1"}, "mlflow-eu": {"kind": "mlflow", "url": "http://b:1"}})

    assert shelf.get("mlflow-eu") is shelf.get("mlflow-eu")
    assert shelf.get("mlflow-eu") is not shelf.get("mlflow")
    shelf.close()


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    settings = {
        "unleash": {
            "url": "http://unleash:4242",
            "token_env": "UNLEASH_TOKEN",
            "client_token_file": str(tmp_path / "token"),
        }
    }

    shelf = LeverShelf(settings, environ={"UNLEASH_TOKEN": "x"})
    assert shelf.get("unleash") is shelf.get("unleash")
    with pytest.raises(ConfigError, match="names UNLEASH_TOKEN, which is not set"):
        LeverShelf(settings).get("unleash")
    (tmp_path / "token").unlink()
    with pytest.raises(ConfigError, match="client_token_file"):
        LeverShelf(settings, environ={"UNLEASH_TOKEN": "x"}).get("unleash")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "`providers.mlflow.url` is missing."),
        ({"url": "http://m", "tokn": "s3cr3t"}, "`providers.mlflow.tokn` is not known."),
        ({"url": "http://m", "token": 4711}, "`providers.mlflow.token` cannot be used"),
        ({"url": "http://m", "username": "u"}, "username and password belong together"),
        ({"url": "http://m", "username": "u", "password": "p", "token": "t"}, "either token or username and password"),
    ],
)
def test_settings_that_cannot_be_used_name_the_key(settings: dict, sentence: str) -> None:
    with pytest.raises(ConfigError) as failed:
        LeverShelf({"mlflow": settings}).get("mlflow")

    assert sentence in failed.value.sentence
    assert "s3cr3t" not in failed.value.told
    assert "4711" not in failed.value.told


@pytest.mark.parametrize(
    ("provider", "binding", "sentence"),
    [
        ("mlflow", {}, "write one of model, prompt and index"),
        ("mlflow", {"model": "m", "prompt": "p"}, "write one of model, prompt and index"),
        ("mlflow", {"index": "i", "alias": "live", "tag": "live"}, "write either alias or tag"),
        ("mlflow", {"prompt": "p", "serving": "http://models:8080"}, "serving proves a model only"),
        ("mlflow", {"model": "m", "alais": "champion"}, "The mlflow lever's `alais` is not known."),
        ("mlflow", {"model": "m", "answers": "20"}, "The mlflow lever's `answers` cannot be used"),
        ("mlflow", {"model": "m", "serving": "models:8080"}, "an address begins with http://"),
        ("unleash", {"project": "default"}, "The unleash lever's `flag` is missing."),
        ("local", {}, "write either model or flag"),
    ],
)
def test_bindings_that_cannot_be_used_name_the_key(provider: str, binding: dict, sentence: str) -> None:
    shelf = LeverShelf(
        {
            "mlflow": {"url": "http://m"},
            "unleash": {"url": "http://u", "token": "t"},
            "local": {"url": "http://127.0.0.1:1"},
        }
    )
    with pytest.raises(ConfigError) as failed:
        shelf.check(provider, binding)

    assert sentence in failed.value.sentence


def test_a_lever_from_another_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found through the entry points, and cannot take the name of a built-in one."""
    (tmp_path / "outside_lever.py").write_text(
        'class Outside:\n    """A lever of somebody else."""\n    def __init__(self, name, settings, tools):\n'
        "        self.name = name\n"
    )
    folder = tmp_path / "outside-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: outside\nVersion: 1.0\n")
    points = "[muster.levers]\noutside = outside_lever:Outside\nmlflow = outside_lever:Outside\n"
    (folder / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))

    kinds = {kind.name: kind for kind in describe()}
    assert kinds["outside"].summary == "A lever of somebody else."
    assert kinds["outside"].maturity is Maturity.UNPROVEN  # it declares nothing it was run against
    assert not kinds["outside"].builtin
    assert load("mlflow").__name__ == "MlflowLever"
    shelf = LeverShelf({"outside": {}, "second": {"kind": "outside"}, "local": {}})
    assert type(shelf.get("outside")).__name__ == "Outside"
    said = {name: shelf.maturity(name) for name in ("outside", "second", "local", "nobody")}
    assert said == dict.fromkeys(("outside", "second"), Maturity.UNPROVEN) | dict.fromkeys(
        ("local", "nobody"), Maturity.PROVEN
    )


def test_a_near_key_is_suggested() -> None:
    with pytest.raises(ConfigError, match="alais") as failed:
        LeverShelf({"mlflow": {"url": "http://m"}}).check("mlflow", {"model": "m", "alais": "champion"})

    assert failed.value.next_step == "Did you mean `alias`?"


def test_the_contracts_example_parses() -> None:
    shelf = LeverShelf({"mlflow": {"url": "http://m"}, "unleash": {"url": "http://u", "token": "t"}})

    shelf.check("mlflow", {"model": "fraud-scorer", "alias": "champion", "serving": "http://models.internal:8080"})
    shelf.check("unleash", {"project": "default", "flag": "auto-decline", "environment": "production"})
