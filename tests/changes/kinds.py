"""The kinds of resources, each with its table and what must be there before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from resources.engine.provider import Provider
from resources.ml.batch_prediction_job import BatchPredictionJobProvider
from resources.ml.default_version import DefaultVersionProvider
from resources.ml.model import ModelProvider
from resources.ml.traffic_split import TrafficSplitProvider
from resources.ml.version import VersionProvider
from resources.storage.bucket import BucketProvider
from resources.storage.saved_model import SavedModelProvider
from tests.changes import (
    bucket_rows,
    default_version_rows,
    job_rows,
    model_rows,
    saved_model_rows,
    traffic_split_rows,
    version_rows,
)
from tests.changes.rows import Row
from tests.contract.world import World
from tests.emulator import saved_models
from tests.providers import State, saved_model_inputs


def _with_two_artifacts(world: World) -> State:
    """A model, and two SavedModels that a version may be made of."""
    world.with_model()
    world.made(SavedModelProvider, saved_model_inputs(world.folder, world.bucket, "multiplier/two"))
    return {}


def _with_two_versions(world: World) -> State:
    """A model with two versions, whose SavedModel has a sample."""
    samples = [{"instance": 1.5, "prediction": 3.0}]
    (world.folder / "manifest.json").write_text(json.dumps({"samples": samples}), encoding="utf-8")
    world.default_inputs()
    file = world.folder.parent / "samples.json"
    file.write_text(json.dumps(samples), encoding="utf-8")
    return {"<samples>": str(file)}


def _with_folders(world: World) -> State:
    """A bucket, and three folders: the second has other notes than the first, the third has one file more."""
    world.made(BucketProvider, {"project": world.project, "name": world.bucket})
    names: State = {}
    for name in ("one", "two", "three"):
        folder = saved_models.write(world.folder.parent / name)
        (folder / "notes.txt").write_text("two" if name == "two" else "one", encoding="utf-8")
        if name == "three":
            (folder / "more.txt").write_text("more", encoding="utf-8")
        files = saved_model_inputs(folder, "", "")["files"]
        names |= {f"<{name}>": str(folder), f"<files {name}>": files, f"<crc {name}>": files["notes.txt"]["crc32c"]}
    one, three = names["<files one>"], names["<files three>"]
    spelled = {path: {**facts, "size": float(facts["size"])} for path, facts in reversed(one.items())}
    crcs = {"<crc model>": one["saved_model.pb"]["crc32c"], "<crc more>": three["more.txt"]["crc32c"]}
    return {**names, **crcs, "<files spelled>": spelled}


def _with_rows(world: World) -> State:
    """A SavedModel and an input file."""
    world.job_inputs()
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of resource.

    Attributes:
        rows: its table.
        inputs: what a row's `old` edits.
        body: the JSON of the `create` of these inputs.
        create: the method that makes one; empty where each row says it.
        delete: the method that removes one.
        replaced: False where replacements are tried elsewhere: each would be two jobs that run.
        setup: makes what must be there before; returns what the rows' `<...>` stand for.
    """

    provider: type[Provider]
    rows: list[Row]
    inputs: State
    body: State | None = None
    create: str = ""
    delete: str = ""
    replaced: bool = True
    setup: Callable[[World], State] = lambda _: {}

    @property
    def replaceable(self) -> bool:
        """Whether `allowDowntime` may be said of it: then a refusal becomes a replacement."""
        return "allowDowntime" in self.provider.schema.types


KINDS = {
    "Bucket": Kind(
        provider=BucketProvider,
        rows=bucket_rows.ROWS,
        inputs=bucket_rows.INPUTS,
        body=bucket_rows.BODY,
        create=bucket_rows.CREATE,
        delete=bucket_rows.DELETE,
    ),
    "SavedModel": Kind(
        provider=SavedModelProvider,
        rows=saved_model_rows.ROWS,
        inputs=saved_model_rows.INPUTS,
        setup=_with_folders,
    ),
    "Model": Kind(
        provider=ModelProvider,
        rows=model_rows.ROWS,
        inputs=model_rows.INPUTS,
        body=model_rows.BODY,
        create=model_rows.CREATE,
        delete=model_rows.DELETE,
    ),
    "DefaultVersion": Kind(
        provider=DefaultVersionProvider,
        rows=default_version_rows.ROWS,
        inputs=default_version_rows.INPUTS,
        setup=_with_two_versions,
    ),
    "TrafficSplit": Kind(
        provider=TrafficSplitProvider,
        rows=traffic_split_rows.ROWS,
        inputs=traffic_split_rows.INPUTS,
        setup=_with_two_versions,
    ),
    "Version": Kind(
        provider=VersionProvider,
        rows=version_rows.ROWS,
        inputs=version_rows.INPUTS,
        body=version_rows.BODY,
        create=version_rows.CREATE,
        delete=version_rows.DELETE,
        setup=_with_two_artifacts,
    ),
    "BatchPredictionJob": Kind(
        provider=BatchPredictionJobProvider,
        rows=job_rows.ROWS,
        inputs=job_rows.INPUTS,
        replaced=False,
        setup=_with_rows,
    ),
}
