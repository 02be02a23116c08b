"""Stacks that share a bucket and the artifacts in it, with the real engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts import checkout
from tests.engine import Engine
from tests.program.clients import predict
from tests.program.test_lifecycle import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


def one_version(config: dict[str, Any], model: str, **keys: Any) -> dict[str, Any]:
    """The configuration with only the first version of its model, which gets another name."""
    [declared] = config["tf2-models:models"].values()
    versions = {"v1": declared["versions"]["v1"]}
    return {**config, "tf2-models:models": {model: {"defaultVersion": "v1", "versions": versions}}, **keys}


def objects(emulator: RunningEmulator, bucket: str) -> list[str]:
    """The names of the objects in a bucket."""
    return [item["name"] for item in emulator.storage().objects().list(bucket=bucket).execute().get("items", [])]


def test_two_stacks_share_a_bucket_and_an_artifact(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """The first `destroy` keeps the bucket and the other stack's artifact; the last one deletes both."""
    config = configuration(emulator, project, tmp_path)
    bucket = f"{project}-tf2-models"
    first, second = Engine(tmp_path / "first"), Engine(tmp_path / "second")
    first.write(one_version(config, "first"))
    second.write(one_version(config, "second", **{"tf2-models:bucket": {"adopt": True}}))
    first.up()
    emulator.reset_calls()
    second.up()
    assert emulator.calls()["storage.objects.insert"] == 1, "only the claim: the bytes exist already"
    assert sum(name.startswith(".claims/") for name in objects(emulator, bucket)) == 2

    text = first.stack("destroy", "--suppress-progress")

    assert f"warning: bucket {bucket} and its content are kept: it is used by stack tf2-models/test" in text
    assert first.resources() == {}
    assert predict(second.outputs()["models"]["second"]["predictUrl"], 2.0) == [4.0]
    second.stack("refresh", "--suppress-progress")
    emulator.reset_calls()
    assert second.preview() == {}
    assert second.up() == {"unchanged": 7}
    assert emulator.calls() == {}

    second.stack("destroy", "--suppress-progress")
    assert "items" not in emulator.storage().buckets().list(project=project).execute()


def test_production_serves_the_bytes_that_staging_gated(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """With `artifactSource` the bytes are copied from bucket to bucket, and not again if nothing changed."""
    config = configuration(emulator, project, tmp_path)
    staging, prod = Engine(tmp_path / "staging"), Engine(tmp_path / "prod")
    staging.write(one_version(config, "staging", **{"tf2-models:bucket": {"name": f"{project}-staging"}}))
    prod.write(one_version(config, "prod", **{"tf2-models:artifactSource": f"gs://{project}-staging"}))
    staging.up()
    [graph] = [name for name in objects(emulator, f"{project}-staging") if name.endswith("/saved_model.pb")]
    emulator.reset_calls()

    prod.up()

    calls = emulator.calls()
    assert (calls["storage.objects.rewrite"], calls["storage.objects.insert"]) == (2, 1), "only the claim is uploaded"
    assert graph in objects(emulator, f"{project}-tf2-models")
    assert predict(prod.outputs()["models"]["prod"]["predictUrl"], 2.0) == [4.0]
    emulator.reset_calls()
    assert prod.up() == {"unchanged": 7}
    assert emulator.calls() == {}


def _longer(graph: bytes) -> bytes:
    return graph + b"x"


def _as_long(graph: bytes) -> bytes:
    return graph[:-1] + bytes([graph[-1] ^ 1])


@pytest.mark.parametrize("altered", [_longer, _as_long])
def test_an_altered_build_is_refused_before_any_upload(
    altered: Callable[[bytes], bytes], emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """If a build no longer matches its committed card, one line names the file and says what to do."""
    program = checkout.program(tmp_path / "program")
    build = checkout.build(program).folder
    assert build is not None
    graph = build / "saved_model.pb"
    graph.write_bytes(altered(graph.read_bytes()))
    engine = Engine(tmp_path / "engine", program)
    config = one_version(configuration(emulator, project, tmp_path), "line")
    engine.write(config)
    engine.edit("line.versions.v1.artifact", checkout.RECIPE)

    text = engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)

    assert f"{graph.relative_to(program)}: expected " in text, text
    assert "build it again with `python -m models build`" in text
    assert objects(emulator, f"{project}-tf2-models") == []
    assert "Version line-v1" not in engine.resources()
