"""The files `muster init` writes: small, commented, and good as they stand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Answers:
    """What `muster init` asks for; all may be empty."""

    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""
    public_url: str = ""
    database: str = "sqlite:///muster.db"
    intake_token: str = ""
    triage: str = ""
    root: str = "/inc"
    team: str = "ml-team"
    team_channel: str = ""
    person: str = "me"
    person_slack: str = ""
    component: str = "my-model"


def env_file(answers: Answers) -> str:
    """`.env`; a line without a value stands for a default, or for what is still to be filled in."""
    return f"""# Secrets and addresses of Muster; never commit it. Every secret can come from a file: NAME_FILE=/path.
SLACK_BOT_TOKEN={answers.bot_token}
# Socket Mode: the app-level token (xapp-…). HTTP: the signing secret instead.
SLACK_APP_TOKEN={answers.app_token}
SLACK_SIGNING_SECRET={answers.signing_secret}
# postgresql+psycopg://… for more than one replica.
MUSTER_DATABASE_URL={answers.database}
MUSTER_HOST=127.0.0.1
MUSTER_PORT=8080
MUSTER_PUBLIC_URL={answers.public_url}
# What alert sources send as `Authorization: Bearer …`.
MUSTER_INTAKE_TOKEN={answers.intake_token}
"""


def config_file(answers: Answers) -> str:
    """`muster.yaml`."""
    triage = f"  triage: {_text(answers.triage)}" if answers.triage else "  # triage: C0123456789"
    root = f"\ncommands: {{root: {_text(answers.root)}}}\n" if answers.root != "/inc" else ""
    return f"""# Configuration of Muster; every key may be left out. `muster check` validates it.
channels:
{triage}   # told of alerts nobody owns; the channel's id, not its name
  # updates: C0123456789  # told of every incident
  prefix: inc             # incident channels: inc-42-my-model-drift
{root}
sources:                             # who may send, by the name in the address: POST /alerts/alertmanager
  alertmanager: {{kind: alertmanager}}
  generic: {{kind: generic}}

providers: {{}}                        # what levers talk to, for example:
  # mlflow: {{url: "http://mlflow.internal:5000"}}
  # unleash: {{url: "http://unleash.internal:4242", token_env: UNLEASH_TOKEN}}

ownership: [ownership.yaml]

publish:                             # where postmortems stand; docs/publishing.md has every kind of place
  canvas: {{provider: slack_canvas, since: draft}}  # a file instead, where your plan of Slack has no canvases
"""


def ownership_file(answers: Answers, today: date) -> str:
    """A starter `ownership.yaml`: one person, one team, one component."""
    slack = f"{{slack: {_text(answers.person_slack)}}}" if answers.person_slack else "{}"
    channel = f"channel: {_text(answers.team_channel)}" if answers.team_channel else "# channel: C0123456789"
    return f"""# Who owns what, who may decide, and which levers are bound. `muster check` names what is missing.
api: ownership/v1

people:
  {answers.person}: {slack}    # Slack: profile, three dots, Copy member ID

teams:
  {answers.team}:
    {channel}
    members: [{answers.person}]
    on_call: {{static: [{answers.person}]}}

components:
  {answers.component}:
    kind: model
    tier: 2
    accountable: {answers.team}
    alerts:
      - match: {{labels.component: {answers.component}}}
        failure: drift
    # levers:
    #   rollback: {{provider: mlflow, model: {answers.component}, alias: champion}}
    rights:
      roll_back: {{decide: ["team:{answers.team}"], approvals: 1}}
    reviewed_on: {today.isoformat()}
    review_every: P90D
"""


def _text(value: str) -> str:
    """A value as a YAML scalar that stays a text."""
    plain = value.replace("/", "").replace("_", "").replace("-", "")
    return value if plain.isalnum() and not plain.isdigit() else json.dumps(value)
