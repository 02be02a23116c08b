"""Predictions of labelled rows: by an endpoint's online prediction, or on this machine."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcp import errors
from prediction.evaluation.labelled_rows import Failures, Labelled, summed_up
from prediction.instances import signature_mismatch
from prediction.manifest import Inputs, Manifest


@dataclass(frozen=True)
class Asker:
    """Who predicts.

    Attributes:
        head: what is asked and where, for people.
        version: its name; None where it is not known.
        manifest: what is known of the model.
        predict: the predictions of labelled rows. Raises `PredictionFailed` for a row that the model rejects, with the
            place in the file.
    """

    head: str
    version: str | None
    manifest: Manifest
    predict: Callable[[Labelled], list[Any]]


def remote(options: argparse.Namespace) -> Asker:
    """By the endpoint. Raises `ApiError`, `InvalidInput`."""
    from gcp import api as _api
    from prediction import settings
    from prediction.cli.command_instances import Question
    from prediction.cli.predict_command import version_text
    from prediction.instances import deployed_samples
    from prediction.instances.instance_files import Given
    from prediction.online import resource_name

    where = {name: getattr(options, name) for name in ("stack", "project", "endpoint", "region")}
    target = settings.target(**where)
    api = _api.shared(target.settings)
    found, manifest = deployed_samples.known(api, target.project, options.model, options.version)
    name = found.name if found else resource_name(target.project, options.model, options.version)

    def predict(given: Labelled) -> list[Any]:
        question = Question(name=name, given=Given(given.instances, options.signature), manifest=manifest)
        try:
            return question.ask(api)
        except errors.PredictionFailed as error:
            if error.instance is None:
                raise
            others = _misfits(given, manifest.inputs(options.signature), after=error.instance)
            raise _refused([(given.rows[error.instance].place, str(error)), *others], given) from None

    version = found.name.rpartition("/")[2] if found else options.version
    return Asker(
        f"{options.model}, {version_text(found, options.version)}, on {target.settings.url}", version, manifest, predict
    )


def _misfits(given: Labelled, inputs: Inputs, *, after: int) -> Iterator[tuple[str, str]]:
    """Where the further instances are that do not fit, and why."""
    for row, instance in zip(given.rows[after + 1 :], given.instances[after + 1 :], strict=True):
        if why := next(signature_mismatch.misfits(instance, inputs), ""):
            yield row.place, why


def _refused(failures: Failures, given: Labelled) -> errors.PredictionFailed:
    """The error of rows that the model rejects; a line for each of the first."""
    found = summed_up(failures, given.rows[0].file, len(given.rows))
    return errors.PredictionFailed("\n".join(f"{place}: {reason}" for place, reason in found))


def local(options: argparse.Namespace) -> Asker:
    """On this machine. Raises `ArtifactError`, `InvalidInput`."""
    from prediction import settings
    from prediction.batch.local_job import folder, manifest_in

    place = folder(options.model, options.version, settings.named_stack(options.stack))
    manifest = manifest_in(place)
    version = f", version {options.version}" if options.version else ""

    def predict(given: Labelled) -> list[Any]:
        return _predicted_here(place, given, options.signature)

    return Asker(f"{options.model}{version}, on this machine", options.version, manifest, predict)


def _predicted_here(model: Path, given: Labelled, signature: str | None) -> list[Any]:
    from prediction.batch.job_plan import Plan
    from prediction.batch.local_job import LocalBatch
    from prediction.batch.outcome import beside

    with tempfile.TemporaryDirectory(prefix="prediction-") as work:
        rows, results = Path(work) / "rows.jsonl", Path(work) / "results"
        rows.write_text("".join(f"{json.dumps(each)}\n" for each in given.instances), encoding="utf-8")
        plan = Plan(
            project="",
            model=str(model),
            version=None,
            sources=[str(rows)],
            target=str(results),
            staging="",
            form="JSON",
            settings={"signatureName": signature} if signature else {},
        )
        job = LocalBatch(plan, model, results)
        try:
            job.submit([rows])
            ended = job.wait(lambda _: None)
        finally:
            job.clean()
        if ended["state"] != "SUCCEEDED":
            raise errors.PredictionFailed(str(ended.get("errorMessage", "")))
        rejected = beside(results, "rejected")
        if rejected.exists():
            with rejected.open("rb") as file:
                found = [json.loads(line) for line in file]
            raise _refused([(given.rows[each["row"] - 1].place, each["error"]) for each in found], given)
        with results.open("rb") as file:
            return [json.loads(line) for line in file]
