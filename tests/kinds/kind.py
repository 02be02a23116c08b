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
from tests.emulator import saved_models
from tests.kinds.ml import batch_prediction_job, default_version, model, traffic_split, version
from tests.kinds.rows import Row
from tests.kinds.storage import bucket, saved_model
from tests.kinds.world import World
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
        rows=bucket.ROWS,
        inputs=bucket.INPUTS,
        body=bucket.BODY,
        create=bucket.CREATE,
        delete=bucket.DELETE,
    ),
    "SavedModel": Kind(
        provider=SavedModelProvider,
        rows=saved_model.ROWS,
        inputs=saved_model.INPUTS,
        setup=_with_folders,
    ),
    "Model": Kind(
        provider=ModelProvider,
        rows=model.ROWS,
        inputs=model.INPUTS,
        body=model.BODY,
        create=model.CREATE,
        delete=model.DELETE,
    ),
    "DefaultVersion": Kind(
        provider=DefaultVersionProvider,
        rows=default_version.ROWS,
        inputs=default_version.INPUTS,
        setup=_with_two_versions,
    ),
    "TrafficSplit": Kind(
        provider=TrafficSplitProvider,
        rows=traffic_split.ROWS,
        inputs=traffic_split.INPUTS,
        setup=_with_two_versions,
    ),
    "Version": Kind(
        provider=VersionProvider,
        rows=version.ROWS,
        inputs=version.INPUTS,
        body=version.BODY,
        create=version.CREATE,
        delete=version.DELETE,
        setup=_with_two_artifacts,
    ),
    "BatchPredictionJob": Kind(
        provider=BatchPredictionJobProvider,
        rows=batch_prediction_job.ROWS,
        inputs=batch_prediction_job.INPUTS,
        replaced=False,
        setup=_with_rows,
    ),
}
