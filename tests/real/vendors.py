"""The vendors' own clients, in an environment of their own: what they make of our stand-ins and of our requests.

Databricks' SDK, and LaunchDarkly's API client, which raises where an answer lacks what its description requires.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.real.environments import python_environment

_DATABRICKS = """
from databricks.sdk import WorkspaceClient
from databricks.sdk.service.serving import EndpointCoreConfigInput

client = WorkspaceClient(host=asked["url"], token=asked["token"], auth_type="pat").serving_endpoints
seen = client.get("fraud")
sent = EndpointCoreConfigInput.from_dict({"name": "fraud", **asked["body"]})
answer = {
    "update": seen.state.config_update.value,
    "ready": seen.state.ready.value,
    "versions": [entity.entity_version for entity in seen.config.served_entities],
    "shares": [route.traffic_percentage for route in seen.config.traffic_config.routes],
    "body": {key: value for key, value in sent.as_dict().items() if key != "name"},
}
client.update_config(
    "fraud",
    served_entities=sent.served_entities,
    traffic_config=sent.traffic_config,
    auto_capture_config=sent.auto_capture_config,
)
answer["pending"] = client.get("fraud").state.config_update.value
"""
_LAUNCHDARKLY = """
import launchdarkly_api

settings = launchdarkly_api.Configuration(host=asked["url"], api_key={"ApiKey": asked["token"]})
flags = launchdarkly_api.FeatureFlagsApi(launchdarkly_api.ApiClient(settings))
flag = flags.get_feature_flag("default", "auto-decline", env="production")
production = flag.environments["production"]
answer = {
    "on": production.on,
    "off serves": flag.variations[production.off_variation].name,
    "environments": sorted(flag.environments),
}
"""
PROGRAMS: Mapping[str, str] = {"databricks": _DATABRICKS, "launchdarkly": _LAUNCHDARKLY}


def ask(vendor: str, **asked: Any) -> dict[str, Any]:
    """Run a vendor's client against a stand-in; what it read. Raises AssertionError with what it complains of."""
    program = f"import json, sys\nasked = json.load(sys.stdin)\n{PROGRAMS[vendor]}\njson.dump(answer, sys.stdout)\n"
    python = python_environment("vendors") / "bin" / "python"
    done = subprocess.run(
        [python, "-c", program], input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found
