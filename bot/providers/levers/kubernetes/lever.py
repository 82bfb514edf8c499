"""Kubernetes as one provider: a cluster, and the four kinds of objects in it that a component can bind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, model_validator

from bot.providers.bound import OverHttp
from bot.providers.httpcall import HttpCaller
from bot.providers.levers.kubernetes.access import (
    SERVICE_ACCOUNT,
    Access,
    by_kubeconfig,
    by_service_account,
    by_token,
    trust,
)
from bot.providers.levers.kubernetes.cronjob import CronJobBinding, CronJobSuspend
from bot.providers.levers.kubernetes.deployment import DeploymentBinding, DeploymentUndo
from bot.providers.levers.kubernetes.inference import CanaryTraffic, InferenceBinding
from bot.providers.levers.kubernetes.objects import Objects
from bot.providers.levers.kubernetes.rollout import RolloutAbort, RolloutBinding
from bot.providers.targets import TargetLever
from playbooks.plugin import Maturity, Strict, Tools, parse_settings


class KubernetesLever(OverHttp, TargetLever):
    """Deployments, CronJobs, KServe canaries and Argo Rollouts of a Kubernetes cluster."""

    tested_with = "a stand-in of the API that keeps its versions and conflicts"
    maturity = Maturity.UNPROVEN

    class Settings(Strict):
        """`token` and `ca` with `url`, or `kubeconfig` (its text) with `context`; neither for a pod's own account."""

        url: str = ""
        token: str = ""
        ca: str = ""
        kubeconfig: str = ""
        context: str = ""
        service_account: str = Field(default=SERVICE_ACCOUNT, min_length=1)
        timeout: float = Field(default=10.0, gt=0)

        @model_validator(mode="after")
        def _one_way(self) -> KubernetesLever.Settings:
            if self.kubeconfig and (self.url or self.token or self.ca):
                raise ValueError("write either kubeconfig or url, token and ca")
            if self.context and not self.kubeconfig:
                raise ValueError("a context belongs to a kubeconfig")
            return self

        def access(self) -> Access:
            """The way to the cluster. Raises ConfigError."""
            if self.kubeconfig:
                return by_kubeconfig(self.kubeconfig, self.context)
            if self.token:
                return by_token(self.url, self.token, self.ca)
            return by_service_account(self.url, self.service_account, self.ca)

    class Binding(DeploymentBinding, CronJobBinding, InferenceBinding, RolloutBinding):
        """All keys there are; a component writes those of one kind."""

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        set_to = parse_settings(self.Settings, name, settings)
        access = set_to.access()
        self._http = HttpCaller(
            name,
            access.url,
            auth=access.token,
            secrets=access.token.secrets,
            timeout=set_to.timeout,
            tls=trust(access.ca),
            probe=tools.probe,
        )
        objects = Objects(self._http)
        super().__init__(
            name,
            {
                "deployment": DeploymentUndo(objects),
                "cronjob": CronJobSuspend(objects),
                "inference_service": CanaryTraffic(objects),
                "rollout": RolloutAbort(objects),
            },
        )
