"""AWS as one provider: an account in a region, and the four kinds of things in it that a component can bind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from bot.providers.levers.aws.calls import Account, AwsCaller
from bot.providers.levers.aws.endpoint import EndpointBinding, EndpointWeights
from bot.providers.levers.aws.functions import AliasBinding, FunctionAlias
from bot.providers.levers.aws.packages import GroupBinding, PackageApprovals
from bot.providers.levers.aws.rules import RuleBinding, RuleSwitch
from bot.providers.targets import TargetLever
from playbooks.plugin import Maturity, Strict, Tools, parse_settings


class AwsLever(TargetLever):
    """SageMaker endpoint weights and package approvals, EventBridge rules, Lambda aliases."""

    tested_with = "moto 5.2.5, which stands in for AWS"
    maturity = Maturity.PROVEN

    class Settings(Strict):
        """Without keys and `profile` the machine's own role is used. `url` is for a stand-in of AWS."""

        region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d+$")
        access_key_id: str = ""
        secret_access_key: str = ""
        session_token: str = ""
        profile: str = ""
        url: str = ""
        timeout: float = Field(default=10.0, gt=0)

        @model_validator(mode="after")
        def _one_way(self) -> AwsLever.Settings:
            if bool(self.access_key_id) != bool(self.secret_access_key):
                raise ValueError("access_key_id and secret_access_key belong together")
            if self.access_key_id and self.profile:
                raise ValueError("write either keys or a profile")
            if self.session_token and not self.access_key_id:
                raise ValueError("a session_token belongs to an access_key_id")
            return self

    class Binding(EndpointBinding, GroupBinding, RuleBinding, AliasBinding):
        """All keys there are; a component writes those of one kind."""

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        set_to = parse_settings(self.Settings, name, settings)
        keys = (set_to.access_key_id, set_to.secret_access_key, set_to.session_token)
        account = Account(name, set_to.region, keys, set_to.profile)

        def caller(service: str, protocol: str = "") -> AwsCaller:
            return AwsCaller(
                account,
                service,
                url=set_to.url,
                protocol=protocol,
                secrets=keys[1:],
                timeout=set_to.timeout,
                probe=tools.probe,
            )

        sagemaker, events, functions = caller("sagemaker", "SageMaker"), caller("events", "AWSEvents"), caller("lambda")
        self._callers = (sagemaker, events, functions)
        super().__init__(
            name,
            {
                "endpoint": EndpointWeights(sagemaker),
                "package_group": PackageApprovals(sagemaker),
                "rule": RuleSwitch(events),
                "function": FunctionAlias(functions),
            },
        )

    def close(self) -> None:
        """Close idle connections."""
        for caller in self._callers:
            caller.close()
