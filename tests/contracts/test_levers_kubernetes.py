"""The lever contract over what is moved in Kubernetes, against a stand-in of its API: no real one installs here."""

import base64
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.providers.registry import LeverShelf
from playbooks.plugin import (
    ConfigError,
    Conflict,
    InputError,
    Kind,
    Lever,
    Mark,
    MusterError,
    Outcome,
    Plan,
    ProviderError,
)
from tests.contracts.cluster import APPS, ARGO, BATCH, HASH, KSERVE, TOKEN, Cluster, Object, serving, template_hash
from tests.contracts.lever_suite import LeverBench, LeverContract, VersionContract
from tests.contracts.spoiler import Spoiler

NOTE = "INC-42 action 17"
DEPLOYMENT = f"{APPS}/deployments/scorer"
CRON_JOB = f"{BATCH}/cronjobs/retrain"
SERVICE = f"{KSERVE}/inferenceservices/scorer"
ROLLOUT = f"{ARGO}/rollouts/scorer"


@pytest.fixture(scope="module")
def shared() -> Cluster:
    return Cluster()


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    shared.forget()
    return shared


@pytest.fixture(scope="module")
def spoiler(shared: Cluster) -> Iterator[Spoiler]:
    with serving(shared) as url:
        spoiler = Spoiler(url, lambda method, path: method == "PATCH")
        yield spoiler
        spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, patience: float) -> Iterator[Lever]:
    shelf = LeverShelf({"kubernetes": {"url": spoiler.url, "token": TOKEN, "timeout": patience}})
    yield shelf.get("kubernetes")
    shelf.close()


def _planned(lever: Lever, binding: dict, after: str) -> Plan:
    return lever.plan(binding, lever.describe(binding), after)


# ------------------------------------------------------------------ deployments


def _template(tag: str, **labels: str) -> Object:
    container = {"name": "scorer", "image": f"registry/scorer:{tag}"}
    return {"metadata": {"labels": {"app": "scorer", **labels}}, "spec": {"containers": [container]}}


OLD, GOOD, BAD = _template("1.4.0"), _template("1.4.1"), _template("1.5.0", canary="yes")
UNDO = {"deployment": "scorer", "namespace": "ml"}


@pytest.fixture
def deployment(cluster: Cluster) -> Object:
    """Revisions 1 to 3; the third one is bad, and has a label more. Another deployment stands beside it."""
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "scorer"}}, "template": OLD}
    cluster.put(f"{APPS}/deployments/other", {**spec, "template": _template("9")})
    made = cluster.put(DEPLOYMENT, spec)
    cluster.settle()
    for template in (GOOD, BAD):
        cluster.edit(DEPLOYMENT, template=template)
        cluster.settle()
    return made


class TestDeployment(VersionContract):
    @pytest.fixture
    def bench(self, lever: Lever, cluster: Cluster, spoiler: Spoiler, deployment: Object) -> LeverBench:
        def elsewhere() -> None:
            cluster.edit(DEPLOYMENT, template=OLD)
            cluster.settle()

        return LeverBench(
            lever=lever,
            binding=UNDO,
            before=template_hash(BAD),
            after=template_hash(GOOD),
            target="deployment ml/scorer",
            world=lambda: deepcopy(cluster.objects[DEPLOYMENT]["spec"]),
            trouble=spoiler.trouble,
            follow=cluster.settle,
            versions=True,
            keeps_marks=False,
            other=template_hash(OLD),
            elsewhere=elsewhere,
            secrets=(TOKEN,),
            refuses=True,
            limits=True,
        )

    def test_the_whole_template_goes_back(self, bench: LeverBench, cluster: Cluster) -> None:
        """A merge would leave the label that only the bad one has."""
        plan = bench.done()

        assert cluster.objects[DEPLOYMENT]["spec"]["template"] == GOOD
        assert HASH not in cluster.objects[DEPLOYMENT]["spec"]["template"]["metadata"]["labels"]
        assert plan.note == "revision 2, image registry/scorer:1.4.1"
        sets = [path for path in cluster.objects if "/replicasets/scorer" in path]
        assert len(sets) == 3

    def test_only_its_own_replica_sets_are_versions(self, bench: LeverBench) -> None:
        versions = [version.id for version in bench.lever.describe(bench.binding).versions]
        assert versions == [template_hash(each) for each in (BAD, GOOD, OLD)]

    def test_replicas_that_do_not_come_up_are_not_yet(self, bench: LeverBench, cluster: Cluster) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        untaken = bench.lever.verify(bench.binding, plan)
        cluster.roll(DEPLOYMENT, available=1)
        stalled = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
        cluster.report(DEPLOYMENT, replicas=4, conditions=[stalled])
        half = bench.lever.verify(bench.binding, plan)

        assert (untaken.outcome, half.outcome) == (Outcome.NOT_YET, Outcome.NOT_YET)
        assert untaken.evidence == "the cluster has not taken the change up yet"
        assert "1 are available, 1 of another version are left (ProgressDeadlineExceeded)" in half.evidence

    def test_a_status_written_in_between_is_no_reason_to_give_up(self, bench: LeverBench, cluster: Cluster) -> None:
        plan = bench.planned()
        cluster.before_write = [lambda: cluster.report(DEPLOYMENT, availableReplicas=2)] * 2
        bench.lever.apply(bench.binding, plan, note=NOTE)

        assert cluster.writes == [DEPLOYMENT]

    def test_a_change_in_between_is_never_overwritten(self, bench: LeverBench, cluster: Cluster) -> None:
        plan = bench.planned()
        cluster.before_write = [bench.elsewhere]
        with pytest.raises(Conflict, match=f"runs {bench.other} by now"):
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert cluster.objects[DEPLOYMENT]["spec"]["template"] == OLD

    def test_an_object_that_never_stands_still_is_tried_later(self, bench: LeverBench, cluster: Cluster) -> None:
        plan, was = bench.planned(), bench.world()
        cluster.before_write = [lambda: cluster.report(DEPLOYMENT, replicas=3)] * 10
        with pytest.raises(ProviderError):
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert bench.world() == was

    def test_a_replica_set_that_was_cleaned_up_is_told(self, bench: LeverBench, cluster: Cluster) -> None:
        plan = bench.planned()
        del cluster.objects[f"{APPS}/replicasets/scorer-{plan.after}"]
        with pytest.raises(Conflict, match="is gone; nothing was changed"):
            bench.lever.apply(bench.binding, plan, note=NOTE)

    def test_a_paused_deployment_is_refused(self, bench: LeverBench, cluster: Cluster) -> None:
        cluster.edit(DEPLOYMENT, paused=True)
        with pytest.raises(InputError, match="is paused") as refused:
            bench.planned()
        assert refused.value.next_step == "kubectl rollout resume scorer"

    def test_a_template_nobody_has_made_pods_of_is_waited_for(self, bench: LeverBench, cluster: Cluster) -> None:
        cluster.edit(DEPLOYMENT, template=_template("2.0"))
        with pytest.raises(ProviderError) as failed:
            bench.lever.describe(bench.binding)
        assert failed.value.kind is Kind.TRANSIENT

    @pytest.mark.parametrize(
        ("key", "tool"), [("argocd.argoproj.io/instance", "Argo CD"), ("kustomize.toolkit.fluxcd.io/name", "Flux")]
    )
    def test_who_would_set_it_back_is_warned_of(self, bench: LeverBench, cluster: Cluster, key: str, tool: str) -> None:
        cluster.objects[DEPLOYMENT]["metadata"]["labels"] = {key: "scorer"}

        assert f"{tool} looks after this deployment" in bench.planned().warning

    def test_long_lists_come_in_pages(self, bench: LeverBench, cluster: Cluster) -> None:
        cluster.page = 2

        assert len(bench.lever.describe(bench.binding).versions) == 3


# ------------------------------------------------------------------ cron jobs


class TestCronJob(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, cluster: Cluster, spoiler: Spoiler) -> LeverBench:
        cluster.put(CRON_JOB, {"schedule": "0 3 * * *", "suspend": False}, {"active": [{"name": "retrain-1"}]})
        return LeverBench(
            lever=lever,
            binding={"cronjob": "retrain", "namespace": "ml"},
            before="on",
            after="off",
            target="cron job ml/retrain",
            world=lambda: deepcopy(cluster.objects[CRON_JOB]["spec"]),
            trouble=spoiler.trouble,
            secrets=(TOKEN,),
            refuses=True,
            limits=True,
        )

    def test_a_run_under_way_is_told(self, bench: LeverBench) -> None:
        seen = bench.lever.verify(bench.binding, bench.done())

        assert seen.evidence == "the cron job reads off; runs still under way: 1"


# ------------------------------------------------------------------ rollouts


def _rollout(cluster: Cluster, **strategy: Any) -> None:
    status = {"stableRS": "5c7d9", "currentPodHash": "8f4b2", "phase": "Progressing", "updatedReplicas": 1}
    spec = {"replicas": 3, "strategy": strategy or {"canary": {"steps": [{"setWeight": 20}]}}}
    cluster.put(ROLLOUT, spec, {**status, "availableReplicas": 3, "abort": False})


ABORT = {"rollout": "scorer", "namespace": "ml"}


class TestRollout(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, cluster: Cluster, spoiler: Spoiler) -> LeverBench:
        _rollout(cluster)
        return LeverBench(
            lever=lever,
            binding=ABORT,
            before="8f4b2",
            after="5c7d9",
            target="rollout ml/scorer",
            world=lambda: (deepcopy(cluster.objects[ROLLOUT]["spec"]), cluster.objects[ROLLOUT]["status"]["abort"]),
            trouble=spoiler.trouble,
            follow=cluster.settle,
            versions=True,
            keeps_marks=False,
            other="8f4b2",
            secrets=(TOKEN,),
            refuses=True,
            limits=True,
        )

    def test_the_stable_version_is_the_one_to_go_back_to(self, bench: LeverBench) -> None:
        marks = {version.id: version.mark for version in bench.lever.describe(bench.binding).versions}

        assert marks == {"8f4b2": None, "5c7d9": Mark.GOOD}
        assert not bench.planned().warning

    def test_a_rollout_that_began_meanwhile_is_left_alone(self, bench: LeverBench, cluster: Cluster) -> None:
        plan = bench.planned()
        cluster.before_write = [lambda: cluster.report(ROLLOUT, currentPodHash="77777")]
        with pytest.raises(Conflict, match="about other versions by now"):
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert cluster.objects[ROLLOUT]["status"]["abort"] is False

    def test_where_the_kind_has_no_status_of_its_own_the_object_is_changed(
        self, bench: LeverBench, cluster: Cluster
    ) -> None:
        cluster.status_of_its_own = False
        bench.done()

        assert cluster.writes == [ROLLOUT]

    def test_replicas_of_the_newest_version_are_not_yet(self, bench: LeverBench) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        seen = bench.lever.verify(bench.binding, plan)

        assert (seen.outcome, "1 replicas of the newest version still run" in seen.evidence) == (Outcome.NOT_YET, True)


@pytest.mark.parametrize(
    ("strategy", "before", "between", "after"),
    [
        (
            {"canary": {"trafficRouting": {}}},
            {"canary": {"weights": {"canary": {"weight": 20}}}},
            "still takes 20 % of the traffic",
            {"canary": {"weights": {"canary": {"weight": 0}}}},
        ),
        (
            {"blueGreen": {"activeService": "scorer"}},
            {"blueGreen": {"activeSelector": "8f4b2"}},
            "8f4b2 is still the active version",
            {"blueGreen": {"activeSelector": "5c7d9"}},
        ),
        ({"canary": {}}, {"updatedReplicas": 0, "availableReplicas": 2}, "2 of 3 replicas", {"availableReplicas": 3}),
    ],
)
def test_an_abort_is_proved_by_where_traffic_goes(
    lever: Lever, cluster: Cluster, strategy: dict, before: dict, between: str, after: dict
) -> None:
    _rollout(cluster, **strategy)
    plan = _planned(lever, ABORT, "5c7d9")
    lever.apply(ABORT, plan, note=NOTE)
    cluster.report(ROLLOUT, **before)
    half = lever.verify(ABORT, plan)
    cluster.report(ROLLOUT, **after)

    assert (half.outcome, lever.verify(ABORT, plan).outcome) == (Outcome.NOT_YET, Outcome.CONFIRMED)
    assert between in half.evidence


def test_an_aborted_rollout_can_be_retried(lever: Lever, cluster: Cluster) -> None:
    _rollout(cluster)
    cluster.report(ROLLOUT, abort=True)
    plan = _planned(lever, ABORT, "8f4b2")
    lever.apply(ABORT, plan, note=NOTE)

    assert plan.warning == "This retries the aborted rollout."
    assert cluster.objects[ROLLOUT]["status"]["abort"] is False


def test_a_finished_rollout_has_nothing_to_abort(lever: Lever, cluster: Cluster) -> None:
    _rollout(cluster)
    cluster.report(ROLLOUT, stableRS="8f4b2")
    with pytest.raises(MusterError):
        _planned(lever, ABORT, "5c7d9")
    with pytest.raises(Conflict):
        _planned(lever, ABORT, "8f4b2")


# ------------------------------------------------------------------ KServe


CANARY = {"inference_service": "scorer", "namespace": "ml"}


def _service(cluster: Cluster, percent: int | None) -> None:
    """Revision 2 is rolled out over revision 1, by so many percent; None is all the way."""
    predictor = {"model": {"storageUri": "s3://models/scorer/2"}}
    shown = {"latestCreatedRevision": "scorer-2", "latestRolledoutRevision": "scorer-1"}
    spec = {"predictor": predictor if percent is None else {**predictor, "canaryTrafficPercent": percent}}
    cluster.put(SERVICE, spec, {"deploymentMode": "Serverless", "components": {"predictor": shown}})
    cluster.settle()


class CanaryContract(LeverContract):
    percent: int | None
    before: str

    @pytest.fixture
    def bench(self, lever: Lever, cluster: Cluster, spoiler: Spoiler) -> LeverBench:
        _service(cluster, self.percent)
        return LeverBench(
            lever=lever,
            binding=CANARY,
            before=self.before,
            after="scorer-1",
            target="inference service ml/scorer",
            world=lambda: deepcopy(cluster.objects[SERVICE]["spec"]),
            trouble=spoiler.trouble,
            follow=cluster.settle,
            versions=True,
            keeps_marks=False,
            other="scorer-1",
            secrets=(TOKEN,),
            refuses=True,
            limits=True,
        )

    def test_describes_the_current_state(self, bench: LeverBench) -> None:
        described = bench.lever.describe(bench.binding)

        assert (described.state, described.served) == (bench.before, bench.before)
        assert [version.id for version in described.versions] == ["scorer-2", "scorer-1"]

    def test_routes_that_have_not_moved_are_not_yet(self, bench: LeverBench) -> None:
        plan = bench.planned()
        bench.lever.apply(bench.binding, plan, note=NOTE)
        seen = bench.lever.verify(bench.binding, plan)

        assert (seen.outcome, seen.evidence) == (Outcome.NOT_YET, f"traffic still goes to {bench.before}")

    def test_a_revision_that_came_meanwhile_is_left_alone(self, bench: LeverBench, cluster: Cluster) -> None:
        plan, was = bench.planned(), bench.world()
        parts = deepcopy(cluster.objects[SERVICE]["status"]["components"])
        parts["predictor"]["latestCreatedRevision"] = "scorer-3"
        cluster.before_write = [lambda: cluster.report(SERVICE, components=parts)]
        with pytest.raises(Conflict):
            bench.lever.apply(bench.binding, plan, note=NOTE)

        assert bench.world() == was


class TestCanary(CanaryContract):
    percent, before = 10, "scorer-1 90 %, scorer-2 10 %"


class TestRolledOut(CanaryContract):
    """Back after the end: KServe then moves its own name of what was rolled out."""

    percent, before = None, "scorer-2"

    def test_a_canary_is_promoted_by_taking_the_share_away(self, lever: Lever, cluster: Cluster) -> None:
        _service(cluster, 10)
        plan = _planned(lever, CANARY, "scorer-2")
        lever.apply(CANARY, plan, note=NOTE)
        cluster.settle()

        assert "canaryTrafficPercent" not in cluster.objects[SERVICE]["spec"]["predictor"]
        assert lever.verify(CANARY, plan).outcome is Outcome.CONFIRMED


def test_raw_deployments_have_no_canary(lever: Lever, cluster: Cluster) -> None:
    _service(cluster, None)
    cluster.report(SERVICE, deploymentMode="RawDeployment")
    with pytest.raises(InputError, match="splits no traffic") as refused:
        _planned(lever, CANARY, "scorer-1")
    assert "`deployment: …`" in refused.value.next_step


def test_a_first_revision_has_none_before_it(lever: Lever, cluster: Cluster) -> None:
    cluster.put(SERVICE, {"predictor": {}}, {"components": {"predictor": {"latestCreatedRevision": "scorer-1"}}})
    assert [version.id for version in lever.describe(CANARY).versions] == ["scorer-1"]
    cluster.put(SERVICE, {"predictor": {}})
    with pytest.raises(ProviderError, match="no revision"):
        lever.describe(CANARY)


# ------------------------------------------------------------------ access


@pytest.mark.parametrize(
    ("binding", "what"),
    [
        ({"deployment": "nowhere"}, "deployment nowhere in namespace default"),
        ({"cronjob": "nowhere", "namespace": "ml"}, "cron job nowhere in namespace ml"),
        ({"inference_service": "nowhere"}, "inference service nowhere"),
        ({"rollout": "nowhere"}, "rollout nowhere"),
    ],
)
def test_what_is_not_there_is_named(lever: Lever, binding: dict, what: str) -> None:
    with pytest.raises(ProviderError, match=what) as failed:
        lever.describe(binding)
    assert failed.value.kind is Kind.PERMANENT


def test_a_pods_own_token_is_read_anew_for_each_call(cluster: Cluster, tmp_path: Path) -> None:
    """Kubernetes replaces it every hour."""
    cluster.put(CRON_JOB, {"suspend": False})
    (tmp_path / "ca.crt").write_text("")
    with serving(cluster) as url:
        lever = LeverShelf({"kubernetes": {"url": url, "service_account": str(tmp_path)}}).get("kubernetes")
        for token in ("first-token", "second-token"):
            (tmp_path / "token").write_text(f"{token}\n")
            cluster.token = token
            assert lever.describe({"cronjob": "retrain", "namespace": "ml"}).state == "on"
        cluster.token = "third-token"
        with pytest.raises(ProviderError) as denied:
            lever.describe({"cronjob": "retrain", "namespace": "ml"})

    assert denied.value.code == "provider_denied"
    assert "second-token" not in denied.value.told


def test_a_kubeconfig_with_a_token(cluster: Cluster, tmp_path: Path) -> None:
    cluster.put(CRON_JOB, {"suspend": True})
    with serving(cluster) as url:
        config: Any = {
            "current-context": "night",
            "contexts": [{"name": "night", "context": {"cluster": "c", "user": "muster"}}],
            "clusters": [{"name": "c", "cluster": {"server": url}}],
            "users": [{"name": "muster", "user": {"token": TOKEN}}],
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(config))
        lever = LeverShelf({"kubernetes": {"kubeconfig_file": str(path)}}).get("kubernetes")
        assert lever.describe({"cronjob": "retrain", "namespace": "ml"}).state == "off"


KUBECONFIG = """
contexts: [{name: night, context: {cluster: c, user: muster}}]
clusters: [{name: c, cluster: {server: "https://c:6443", certificate-authority-data: DATA}}]
users: [{name: muster, user: {USER}}]
"""
NO_CERTIFICATE = base64.b64encode(b"no certificate").decode()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"service_account": "/nowhere"}, "no ca.crt in /nowhere"),
        ({"token": "t", "ca": "no certificate"}, "begins with -----BEGIN"),
        ({"kubeconfig": "[]"}, "no YAML mapping"),
        ({"kubeconfig": "a: b: c"}, "no YAML mapping"),
        ({"kubeconfig": KUBECONFIG, "context": "day"}, "has no context 'day'"),
        ({"kubeconfig": KUBECONFIG.replace("USER", "exec: {command: aws}"), "context": "night"}, "signs in by exec"),
        ({"kubeconfig": KUBECONFIG.replace("USER", "token: t"), "context": "night"}, "no base64 text"),
        (
            {"kubeconfig": KUBECONFIG.replace("USER", "token: t").replace("DATA", NO_CERTIFICATE), "context": "night"},
            "begins with -----BEGIN",
        ),
        ({"kubeconfig": "a", "token": "t"}, "either kubeconfig or url"),
        ({"token": "t", "context": "night"}, "a context belongs to a kubeconfig"),
    ],
)
def test_a_way_to_the_cluster_that_is_none(settings: dict, told: str) -> None:
    with pytest.raises(ConfigError) as failed:
        LeverShelf({"kubernetes": settings}).get("kubernetes")
    assert told in failed.value.told
