"""Predictions of labelled rows, by an endpoint or on this machine."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artifact_format.manifest import Manifest
from artifact_format.sample_fit import mismatches
from artifact_format.signatures import Tensors
from prediction.cli import common_options
from prediction.errors import PredictionFailed
from prediction.evaluation.labelled_rows import Failures, LabelledRows, first_failures
from prediction.predictions import Predictions


@dataclass(frozen=True)
class LabelledPredictor:
    """A model that predicts labelled rows.

    Attributes:
        model: its name.
        described: the version, for people; empty if it is not known.
        place: where it predicts, for people.
        version: name of the version; None if it is not known.
        manifest: of the model; empty if it is not known.
        predict: returns the predictions of labelled rows. Raises `PredictionFailed`, which names the rejected rows by
            their place in the file.
    """

    model: str
    described: str
    place: str
    version: str | None
    manifest: Manifest
    predict: Callable[[LabelledRows], Predictions]

    def title(self, predictions: Predictions) -> str:
        """Model, versions and place, for people: the versions that predicted, if the platform says which ones did."""
        from prediction import deployed

        described = deployed.describe_answers(predictions.counts) or self.described
        return ", ".join(filter(None, (self.model, described, self.place)))


def remote(options: argparse.Namespace) -> LabelledPredictor:
    """Predicts online. Raises `ApiError`, `InvalidInput`."""
    from prediction import deployed, online

    target, signature = common_options.target_of(options), options.signature
    found, manifest = deployed.known(target, options.model, options.version)
    name = found.name if found else target.resource_name(options.model, options.version)

    def predict(labelled: LabelledRows) -> Predictions:
        try:
            found = online.predict(target, name, labelled.instances, signature, manifest=lambda: manifest)
            return found.by_name(lambda: manifest.outputs(signature))
        except PredictionFailed as error:
            if error.instance is None:
                raise
            others = _mismatches(labelled, manifest.inputs(signature), after=error.instance)
            raise _rejected([(labelled.rows[error.instance].place, str(error)), *others], labelled) from None

    return LabelledPredictor(
        model=options.model,
        described=deployed.describe_version(found, options.version),
        place=f"on {target.url}",
        version=found.version if found else options.version,
        manifest=manifest,
        predict=predict,
    )


def _mismatches(labelled: LabelledRows, inputs: Tensors, *, after: int) -> Iterator[tuple[str, str]]:
    """Place and reason of each further instance that does not match the signature."""
    for row, instance in zip(labelled.rows[after + 1 :], labelled.instances[after + 1 :], strict=True):
        if reason := next(mismatches(instance, inputs), ""):
            yield row.place, reason


def _rejected(failures: Failures, labelled: LabelledRows) -> PredictionFailed:
    """The error of rows that the model rejects, with a line for each of the first ones."""
    shown = first_failures(failures, labelled.rows[0].file, len(labelled.rows))
    return PredictionFailed("\n".join(f"{place}: {reason}" for place, reason in shown))


def local(options: argparse.Namespace) -> LabelledPredictor:
    """Predicts on this machine. Raises `ArtifactError`, `InvalidInput`."""
    from prediction import settings
    from prediction.batch.local_job import folder, manifest_in

    model = folder(options.model, options.version, settings.named_stack(options.stack))

    def predict(labelled: LabelledRows) -> Predictions:
        return Predictions(_predict_locally(model, labelled, options.signature))

    return LabelledPredictor(
        model=options.model,
        described=f"version {options.version}" if options.version else "",
        place="on this machine",
        version=options.version,
        manifest=manifest_in(model),
        predict=predict,
    )


def _predict_locally(model: Path, labelled: LabelledRows, signature: str | None) -> list[Any]:
    from prediction.batch.job_plan import Plan
    from prediction.batch.local_job import LocalJob
    from prediction.batch.outcome import side_file

    with tempfile.TemporaryDirectory(prefix="prediction-") as work:
        rows, results = Path(work) / "rows.jsonl", Path(work) / "results"
        rows.write_text("".join(f"{json.dumps(each)}\n" for each in labelled.instances), encoding="utf-8")
        plan = Plan(
            model=str(model),
            version=None,
            inputs=[str(rows)],
            output=str(results),
            row_format="JSON",
            signature=signature,
        )
        job = LocalJob(plan, model, results)
        try:
            job.submit([rows])
            status = job.wait(lambda _: None)
        finally:
            job.clean_up()
        if not status.is_success:
            raise PredictionFailed(status.error)
        rejected = side_file(results, "rejected")
        if rejected.exists():
            with rejected.open("rb") as file:
                found = [json.loads(line) for line in file]
            raise _rejected([(labelled.rows[each["row"] - 1].place, each["error"]) for each in found], labelled)
        with results.open("rb") as file:
            return [json.loads(line) for line in file]
