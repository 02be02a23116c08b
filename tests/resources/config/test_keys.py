"""What a wrong key of a stack file, or a wrong endpoint, tells, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from gcp import errors
from resources import platforms
from resources.engine.provider import Provider
from resources.ml import BatchPredictionJob, Model, Version, quotas
from tests.resources.config.test_stack_config import MODELS, resolve, stack, wrong
from tests.running import ROOT


def test_the_keys_that_are_told_are_those_that_may_be_written() -> None:
    """Those of the program's own among them; what the program sets itself is not."""
    with pytest.raises(errors.InvalidInput) as refused:
        platforms.read(stack(wrong({"size": 1})), resolve)

    [(_, reason)] = refused.value.failures
    listed = set(reason.partition("the keys are ")[2].split(", "))
    assert listed > {"artifact", "parameters", "allowNewerTensorFlow", "machineType", "labels"}
    assert listed.isdisjoint({"deploymentUri", "model", "name", "owner", "project", "secrets"})


@pytest.mark.parametrize(
    "endpoint",
    ["https://joe:hunter2@example.com", "http://joe:hunter2@127.0.0.1:1", "https://example.com/?key=hunter2"],
)
def test_a_wrong_endpoint_does_not_tell_its_password(endpoint: str) -> None:
    """Nor the key of its query: the message goes into the logs of whoever deploys."""
    with pytest.raises(errors.InvalidInput) as refused:
        platforms.read(stack(MODELS, endpoint=endpoint), resolve)

    assert "tf2-models:endpoint: must be global, regional or a URL, https://HOST:PORT" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["ml..example.com", f"{'a' * 64}.com", "..", "ex ample.com", "a\x00b", "\ud800.com"])
def test_an_endpoint_whose_host_cannot_be_is_refused(host: str) -> None:
    """A dot too many, say: nobody could even look for it."""
    with pytest.raises(errors.InvalidInput, match="endpoint: must be global, regional or a URL"):
        platforms.read(stack(MODELS, endpoint=f"https://{host}"), resolve)


@pytest.mark.parametrize("name", ["Bad_Bucket!", 7, "gs://b"])
def test_a_wrong_bucket_is_told_once(name: object) -> None:
    """And not again for each artifact that would lie in it."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(stack(MODELS, bucket={"name": name}), resolve)

    assert [path for path, _ in caught.value.failures] == ["tf2-models:bucket.name"]


@pytest.mark.parametrize(
    ("models", "key"),
    [
        ({"m": {"defaultVersion": "v1", "versions": None}}, "m.versions"),
        ({"m": {"defaultVersion": "v1", "versions": {"v1": None}}}, "m.versions.v1"),
        ({"m": {"version": None}}, "m.version"),
    ],
)
def test_an_empty_entry_is_told_once(models: Any, key: str) -> None:
    """And nothing that it lacks."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(stack(models), resolve)

    assert caught.value.failures == ((f"tf2-models:models.{key}", "must be a mapping; it is empty"),)


@pytest.mark.parametrize("provider", [kind.provider for kind in (Model, Version, BatchPredictionJob)])
def test_the_bounds_on_waiting_are_those_that_the_schema_tells(provider: type[Provider]) -> None:
    """Where a program says none: one for all verbs, or one each."""
    listed = provider.schema.fields["timeouts"].default.split(", ")

    assert [f"{provider.timeouts[verb]:.0f}" for verb in ("create", "update", "delete")] == (listed * 3)[:3]


def test_as_many_operations_run_as_google_allows() -> None:
    """Where a stack says no number: the default that Pulumi.yaml declares is the quota."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]

    assert declared["tf2-models:concurrentOperations"]["default"] == quotas.OPERATIONS
