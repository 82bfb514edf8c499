"""The lever contract over what is moved in AWS, against moto; set up and read past the lever with botocore."""

import io
import json
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

import pytest
from botocore.session import Session

from bot.providers.registry import LeverShelf
from playbooks.plugin import Kind, Lever, Mark, MusterError, Outcome
from tests.contracts.lever_suite import LeverBench, LeverContract, VersionContract
from tests.contracts.spoiler import Spoiler
from tests.real.servers import Moto

pytestmark = pytest.mark.real

REGION = "eu-west-1"
KEYS = {"access_key_id": "AKIAMUSTER", "secret_access_key": "muster-secret-key", "session_token": "muster-session"}
SECRETS = (KEYS["secret_access_key"], KEYS["session_token"])
NUMBERS = count(1)
READS = ("Describe", "List")
NOTE = "INC-42 action 17"


class AwsSpoiler(Spoiler):
    """Knows a write of AWS: the JSON protocol posts everything, and names the operation in a header."""

    def spoils(self, request: BaseHTTPRequestHandler) -> bool:
        operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
        return not operation.startswith(READS) if operation else request.command != "GET"


@pytest.fixture(scope="module")
def spoiler(moto: Moto) -> Iterator[Spoiler]:
    spoiler = AwsSpoiler(moto.url, lambda method, path: True)
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler) -> Iterator[Lever]:
    shelf = LeverShelf({"aws": {"region": REGION, **KEYS, "url": spoiler.url, "timeout": 1.5}})
    yield shelf.get("aws")
    shelf.close()


class Aws:
    """AWS as its own client sees it."""

    def __init__(self, url: str) -> None:
        session = Session()

        def client(service: str) -> Any:
            return session.create_client(
                service,
                region_name=REGION,
                endpoint_url=url,
                aws_access_key_id=KEYS["access_key_id"],
                aws_secret_access_key=KEYS["secret_access_key"],
            )

        self.sagemaker, self.events = client("sagemaker"), client("events")
        self.functions, self.iam = client("lambda"), client("iam")

    def endpoint(self, **weights: float) -> str:
        """An endpoint with these variants."""
        name = f"scorer-{next(NUMBERS)}"
        role = "arn:aws:iam::123456789012:role/sagemaker"
        variants = []
        for variant, weight in weights.items():
            model = f"{name}-{variant}"
            self.sagemaker.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer={"Image": "scorer"})
            shape = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            variants.append({"VariantName": variant, "ModelName": model, "InitialVariantWeight": weight, **shape})
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return name

    def weights(self, endpoint: str) -> dict[str, float]:
        rows = self.sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
        return {row["VariantName"]: float(row.get("CurrentWeight", 0)) for row in rows}

    def weigh(self, endpoint: str, **weights: float) -> None:
        """Somebody else shifts the traffic."""
        wanted = [{"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()]
        self.sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=wanted)

    def group(self, *statuses: str) -> str:
        """A model package group with versions 1…n in these states."""
        name = f"group-{next(NUMBERS)}"
        self.sagemaker.create_model_package_group(ModelPackageGroupName=name)
        for status in statuses:
            self.sagemaker.create_model_package(ModelPackageGroupName=name, ModelApprovalStatus=status)
        return name

    def packages(self, group: str) -> dict[int, dict]:
        rows = self.sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
        return {row["ModelPackageVersion"]: row for row in rows}

    def approvals(self, group: str) -> dict[int, str]:
        return {number: row["ModelApprovalStatus"] for number, row in self.packages(group).items()}

    def approve(self, group: str, number: int, status: str = "Approved") -> None:
        """Somebody else decides on a version."""
        arn = self.packages(group)[number]["ModelPackageArn"]
        self.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus=status)

    def rule(self, state: str = "ENABLED") -> str:
        name = f"retrain-{next(NUMBERS)}"
        pattern = json.dumps({"source": ["aws.sagemaker"]})
        self.events.put_rule(Name=name, EventPattern=pattern, State=state, Description="nightly")
        return name

    def rule_seen(self, rule: str) -> tuple[str, str, str]:
        found = self.events.describe_rule(Name=rule)
        return found["State"], found["EventPattern"], found["Description"]

    def function(self, versions: int) -> str:
        """A function with published versions 1…n; its alias `live` points to the newest."""
        name = f"scorer-{next(NUMBERS)}"
        document = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        self.functions.create_function(
            FunctionName=name, Runtime="python3.12", Role=role, Handler="scorer.handle", Code={"ZipFile": _code(0)}
        )
        for number in range(1, versions + 1):
            self.functions.update_function_code(FunctionName=name, ZipFile=_code(number))
            self.functions.publish_version(FunctionName=name)
        self.functions.create_alias(FunctionName=name, Name="live", FunctionVersion=str(versions), Description="used")
        return name

    def alias(self, function: str) -> tuple[str, dict, str]:
        found = self.functions.get_alias(FunctionName=function, Name="live")
        weights = (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return found["FunctionVersion"], weights, found["Description"]

    def point(self, function: str, version: str, **canaries: float) -> None:
        """Somebody else moves the alias."""
        weights = {name.removeprefix("v"): weight for name, weight in canaries.items()}
        self.functions.update_alias(
            FunctionName=function,
            Name="live",
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": weights},
        )


def _code(number: int) -> bytes:
    """A function's archive; versions are only published when it differs."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("scorer.py", f"def handle(event, context): return {number}")
    return sink.getvalue()


@pytest.fixture(scope="module")
def aws(moto: Moto) -> Aws:
    return Aws(moto.url)


class TestEndpointWeights(VersionContract):
    @pytest.fixture
    def bench(self, lever: Lever, aws: Aws, spoiler: Spoiler) -> LeverBench:
        name = aws.endpoint(blue=0.7, green=0, amber=0)
        return LeverBench(
            lever=lever,
            binding={"endpoint": name},
            before="blue",
            after="green",
            target=f"endpoint {name}",
            world=lambda: aws.weights(name),
            trouble=spoiler.trouble,
            versions=True,
            keeps_marks=False,
            other="amber",
            elsewhere=lambda: aws.weigh(name, blue=0, green=0, amber=1),
            secrets=SECRETS,
            refuses=True,
            limits=True,
        )

    def test_a_split_is_a_state_and_comes_back_exactly(self, bench: LeverBench, aws: Aws) -> None:
        endpoint = bench.binding["endpoint"]
        aws.weigh(endpoint, blue=9, green=1, amber=0)
        plan = bench.lever.plan(bench.binding, bench.lever.describe(bench.binding), "blue")
        bench.lever.apply(bench.binding, plan, note=NOTE)

        assert plan.before == "blue 90 %, green 10 %"
        assert aws.weights(endpoint) == {"blue": 10.0, "green": 0.0, "amber": 0.0}
        undo = bench.lever.undo(plan)
        bench.lever.apply(bench.binding, undo, note=NOTE)
        assert aws.weights(endpoint) == {"blue": 9.0, "green": 1.0, "amber": 0.0}
        assert bench.lever.verify(bench.binding, undo).outcome is Outcome.CONFIRMED


class TestPackageApprovals(VersionContract):
    """Versions 1 rejected, 2 and 3 approved, 4 approved, 5 waiting: 4 is what pipelines deploy."""

    @pytest.fixture
    def bench(self, lever: Lever, aws: Aws, spoiler: Spoiler) -> LeverBench:
        name = aws.group("Rejected", "Approved", "Approved", "Approved", "PendingManualApproval")
        return LeverBench(
            lever=lever,
            binding={"package_group": name},
            before="4",
            after="3",
            target=f"package group {name}",
            world=lambda: aws.approvals(name),
            trouble=spoiler.trouble,
            versions=True,
            keeps_marks=False,
            other="5",
            elsewhere=lambda: aws.approve(name, 5),
            secrets=SECRETS,
            refuses=True,
            limits=True,
        )

    def test_what_is_approved_above_is_rejected_with_the_reason(self, bench: LeverBench, aws: Aws) -> None:
        plan = bench.lever.plan(bench.binding, bench.lever.describe(bench.binding), "2")
        bench.lever.apply(bench.binding, plan, note=NOTE)

        group = bench.binding["package_group"]
        assert aws.approvals(group) == {
            1: "Rejected",
            2: "Approved",
            3: "Rejected",
            4: "Rejected",
            5: "PendingManualApproval",
        }
        arn = aws.packages(group)[4]["ModelPackageArn"]
        assert aws.sagemaker.describe_model_package(ModelPackageName=arn)["ApprovalDescription"] == NOTE

    @pytest.mark.parametrize(("to", "warning"), [("1", "v1 is marked bad"), ("5", "Nothing is recorded"), ("2", "")])
    def test_the_approver_sees_what_a_version_was(self, bench: LeverBench, aws: Aws, to: str, warning: str) -> None:
        was = aws.approvals(bench.binding["package_group"])
        described = bench.lever.describe(bench.binding)
        plan = bench.lever.plan(bench.binding, described, to)
        assert plan.warning.startswith(warning) if warning else not plan.warning
        bench.lever.apply(bench.binding, plan, note=NOTE)
        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONFIRMED
        bench.lever.apply(bench.binding, bench.lever.undo(plan), note=NOTE)

        assert aws.approvals(bench.binding["package_group"]) == was
        marks = {version.id: version.mark for version in described.versions}
        assert marks == {"5": None, "4": Mark.GOOD, "3": Mark.GOOD, "2": Mark.GOOD, "1": Mark.BAD}

    def test_a_change_that_stopped_half_way_is_finished(self, bench: LeverBench, aws: Aws) -> None:
        plan = bench.lever.plan(bench.binding, bench.lever.describe(bench.binding), "2")
        aws.approve(bench.binding["package_group"], 3, "Rejected")  # as far as a killed process came
        assert bench.lever.describe(bench.binding).state == plan.before
        bench.lever.apply(bench.binding, plan, note=NOTE)

        assert bench.lever.verify(bench.binding, plan).outcome is Outcome.CONFIRMED

    def test_a_group_without_an_approved_version_goes_back_to_none(self, lever: Lever, aws: Aws) -> None:
        group = aws.group("PendingManualApproval")
        binding = {"package_group": group}
        plan = lever.plan(binding, lever.describe(binding), "1")
        lever.apply(binding, plan, note=NOTE)
        undo = lever.undo(plan)
        lever.apply(binding, undo, note=NOTE)

        assert (plan.before, undo.after) == ("", "")
        assert aws.approvals(group) == {1: "PendingManualApproval"}
        assert lever.verify(binding, undo).outcome is Outcome.CONFIRMED


class TestRule(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, aws: Aws, spoiler: Spoiler) -> LeverBench:
        name = aws.rule()
        return LeverBench(
            lever=lever,
            binding={"rule": name},
            before="on",
            after="off",
            target=f"rule default/{name}",
            world=lambda: aws.rule_seen(name),
            trouble=spoiler.trouble,
            secrets=SECRETS,
            refuses=True,
            limits=True,
        )


def test_a_rule_that_also_hears_of_management_events_comes_back_so(lever: Lever, aws: Aws) -> None:
    """`EnableRule` would leave it plainly enabled."""
    name = aws.rule("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
    was = aws.rule_seen(name)
    plan = lever.plan({"rule": name}, lever.describe({"rule": name}), "off")
    lever.apply({"rule": name}, plan, note=NOTE)
    assert aws.rule_seen(name)[0] == "DISABLED"
    lever.apply({"rule": name}, lever.undo(plan), note=NOTE)

    assert aws.rule_seen(name) == was


class TestFunctionAlias(VersionContract):
    @pytest.fixture
    def bench(self, lever: Lever, aws: Aws, spoiler: Spoiler) -> LeverBench:
        name = aws.function(3)
        return LeverBench(
            lever=lever,
            binding={"function": name, "alias": "live"},
            before="3",
            after="2",
            target=f"{name}@live",
            world=lambda: aws.alias(name),
            trouble=spoiler.trouble,
            versions=True,
            keeps_marks=False,
            other="1",
            elsewhere=lambda: aws.point(name, "1"),
            secrets=SECRETS,
            refuses=True,
            limits=True,
        )

    def test_a_canary_is_cut_and_comes_back(self, bench: LeverBench, aws: Aws) -> None:
        """The alias points to version 2 already, but a tenth of the calls goes to 3."""
        name = bench.binding["function"]
        aws.point(name, "2", v3=0.1)
        plan = bench.lever.plan(bench.binding, bench.lever.describe(bench.binding), "2")
        bench.lever.apply(bench.binding, plan, note=NOTE)
        assert (plan.before, aws.alias(name)) == ("2 90 %, 3 10 %", ("2", {}, "used"))
        bench.lever.apply(bench.binding, bench.lever.undo(plan), note=NOTE)

        assert aws.alias(name) == ("2", {"3": 0.1}, "used")


@pytest.mark.parametrize(
    ("binding", "what"),
    [
        ({"endpoint": "nowhere"}, "endpoint nowhere"),
        ({"package_group": "nowhere"}, "group nowhere"),
        ({"rule": "nowhere"}, "rule nowhere on bus default"),
        ({"function": "nowhere", "alias": "live"}, "alias live of function nowhere"),
    ],
)
def test_what_is_not_there_is_named(lever: Lever, binding: dict, what: str) -> None:
    with pytest.raises(MusterError, match=what) as failed:
        lever.describe(binding)
    assert failed.value.kind is Kind.PERMANENT
