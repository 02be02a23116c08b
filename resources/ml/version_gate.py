"""The gate of a version before it serves: its answers must match its samples, and it must break no client.

Nothing is changed here. A failure names the instance, what was expected and what was found.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from gcp import errors
from resources.engine import ownership
from resources.engine.provider import Call, State
from resources.gate import admission, comparison, compatibility, samples
from resources.ml import default_handover, names, quotas
from resources.ml.service import ML
from resources.schema import signatures as _signatures
from resources.schema.types import shown
from resources.storage import manifests, rules

SHOWN = 3
_REQUEST_BYTES = quotas.PREDICT_BYTES * 2 // 3
"""With room for how the client writes them."""
_UNREADABLE = (errors.NotFound, errors.PermissionDenied, errors.ArtifactError)
"""Why signatures are unknown: the manifest does not exist, these credentials may not read it, or it is not valid."""


class _Deployed:
    """A version as the API has it, and its artifact's manifest. Both are read on first use."""

    def __init__(self, call: Call, news: State, version: str) -> None:
        self._call, self.version = call, version
        self.name = names.version(news["project"], news["model"], version)

    @cached_property
    def uri(self) -> str:
        """Its `deploymentUri`; empty if it has none."""
        versions = default_handover.versions(self._call)
        return str(self._call.api.call(versions.get(name=self.name)).get("deploymentUri", ""))

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest's content. Raises `NotFound`, `PermissionDenied`, `ArtifactError`."""
        if isinstance(self._manifest, errors.Error):
            raise self._manifest
        return self._manifest

    @cached_property
    def _manifest(self) -> dict[str, Any] | errors.Error:
        """The manifest, or why it cannot be read: a missing one is requested once, too."""
        uri = self.uri
        try:
            return manifests.read(self._call.api, uri)
        except _UNREADABLE as error:
            return error

    @property
    def manifest_uri(self) -> str:
        """The address of its manifest, whether or not that exists."""
        return f"{self.uri.rstrip('/')}/{manifests.NAME}"

    @cached_property
    def signatures(self) -> dict[str, Any]:
        """Those of its manifest; empty if unknown."""
        try:
            return compatibility.readable(self.manifest.get("signatures")) if self.uri else {}
        except _UNREADABLE:
            return {}


class GateCheck:
    """The gate of one model, as a `DefaultVersion` or a `TrafficSplit` declares it.

    Args:
        call: sends requests and shows progress.
        olds: the inputs of the state; empty if it has none.
        news: the inputs that the program wants.
        current: the version that clients call; empty if there is none.
    """

    def __init__(self, call: Call, olds: State, news: State, current: str) -> None:
        self._call, self._olds, self._news, self._before = call, olds, news, current
        self._options: Mapping[str, Any] = news.get("gate") or {}

    def admit(self, version: str) -> None:
        """Raises `GateFailed` unless this version may serve."""
        deployed = _Deployed(self._call, self._news, version)
        if self._before:
            self._check_signatures(deployed)
        if not self._options.get("skip"):
            self._check_predictions(deployed)

    def require_samples(self, version: str) -> None:
        """Raises `GateFailed` if there is nothing to compare, without a prediction: the version serves already."""
        self._samples(_Deployed(self._call, self._news, version))

    def _check_signatures(self, deployed: _Deployed) -> None:
        """Compares with the version that clients call; signatures that the inputs lack come from manifests."""
        version, current = deployed.version, self._before
        _, old, new = admission.signatures({**self._olds, "version": current}, self._news, version)
        checked = bool(old and new)  # by `check`, which gave the warnings
        new = new or deployed.signatures
        if new and not old and current != version:  # else it was made again: its old artifact is unknown
            old = _Deployed(self._call, self._news, current).signatures
        if not old or not new:
            reason = f"those of {current if new else version} are unknown (no readable manifest)"
            self._call.warn(f"signatures of {current} and {version} not compared: {reason}")
            return
        verdict = admission.Verdict([], [])
        admission.judge_signatures(verdict, self._news, version, current, old, new)
        for text in [] if checked else verdict.warnings:
            self._call.warn(text)
        for reason in verdict.refusals:
            raise self._failure(deployed, reason)

    def _check_predictions(self, deployed: _Deployed) -> None:
        expected = self._samples(deployed)
        if not expected:
            return
        self._call.report(f"gate: asking {deployed.version} for {_count(expected, 'prediction')}")
        predictions = self._predict_all(deployed, [sample["instance"] for sample in expected])
        signatures = self._known_signatures(deployed)
        wrong = self._differences(expected, predictions, _signatures.output_names(signatures))
        if wrong:
            listed = "; ".join(wrong[:SHOWN]) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
            raise self._failure(deployed, f"{deployed.name}: gate failed against {self._source(deployed)}: {listed}")
        of = f" ({_signatures.default_key(signatures)})" if signatures else ""
        matches = "matches" if len(expected) == 1 else "match"
        self._call.report(f"gate: {len(expected)} of {_count(expected, 'sample')} {matches}{of}")
        if "maxLatency" in self._options:
            self._check_latency(deployed, expected, float(self._options["maxLatency"]))

    def _differences(self, expected: Sequence[Mapping[str, Any]], got: list[Any], outputs: list[str]) -> list[str]:
        tolerance = float(self._options.get("tolerance", comparison.TOLERANCE))
        return [
            f"instance {index}{path and f' ({path})'}: expected {shown(wanted)}, got {shown(found)}"
            for index, (sample, prediction) in enumerate(zip(expected, got, strict=True))
            for path, wanted, found in comparison.differences(sample["prediction"], prediction, outputs, tolerance)
        ]

    def _known_signatures(self, deployed: _Deployed) -> dict[str, Any]:
        """Those known without another call: the manifest is read for its samples only. Empty if unknown."""
        by_manifest = {} if self._options.get("samples") else deployed.signatures
        return by_manifest or admission.known(self._news, deployed.version)

    def _source(self, deployed: _Deployed) -> str:
        return str(self._options.get("samples") or deployed.manifest_uri)

    def _failure(self, deployed: _Deployed, reason: str) -> errors.GateFailed:
        has_split = admission.previous_split(self._olds, self._news)
        serving = "default and traffic split still serve" if has_split else "default still serves"
        after = f"The current {serving}; {deployed.version} stays deployed for inspection. Fix it, or go back"
        return errors.GateFailed(f"{reason}. {after}" if self._before != deployed.version else reason)

    def _samples(self, deployed: _Deployed) -> Sequence[Mapping[str, Any]]:
        """The user's own samples, else those of the manifest; if there are none, empty, with a warning."""
        file = self._options.get("samples")
        if file:
            try:
                return samples.read(file)
            except errors.ArtifactError as error:
                raise errors.ArtifactError(f"gate.samples: {file} {error}") from None
        try:
            found = deployed.manifest.get("samples") if deployed.uri else None
        except errors.NotFound:
            self._without_manifest(deployed)
            return ()
        if not found:
            self._without_samples(deployed)
            return ()
        try:
            return samples.checked(found)
        except errors.ArtifactError as error:
            ways = "Fix that object, add gate.samples: FILE, or set gate.skip: true"
            raise errors.ArtifactError(f"samples in {deployed.manifest_uri}: {error}. {ways}") from None

    def _without_samples(self, deployed: _Deployed) -> None:
        """Refuses an explicit gate, else warns, unless `check` did: there are no samples."""
        reason = f"{deployed.manifest_uri if deployed.uri else 'its container'} has no samples"
        if admission.is_explicit(self._options):
            raise self._failure(deployed, admission.no_samples(deployed.version, reason))
        if not admission.lacks_samples(self._news, deployed.version):
            self._call.warn(admission.nothing_compared(deployed.version, reason))

    def _without_manifest(self, deployed: _Deployed) -> None:
        """Refuses or warns: the manifest does not exist. That of a SavedModel of this stack must be restored first."""
        missing = f"{deployed.manifest_uri} not found"
        if any("prefix" in each and deployed.uri == rules.folder_uri(each) for each in ownership.all_declared()):
            lost = f"{missing}; it holds the samples that {deployed.name} must match"
            raise self._failure(deployed, f"{lost}. To restore it, run `pulumi refresh`, then `pulumi up`")
        reason = f"{missing}, so there are no samples to compare"
        if admission.is_explicit(self._options):
            raise self._failure(deployed, admission.no_samples(deployed.version, reason))
        self._call.warn(admission.nothing_compared(deployed.version, reason))

    def _predict_all(self, deployed: _Deployed, instances: list[Any]) -> list[Any]:
        """Together if the model takes them so, else one at a time. Raises `GateFailed` if it answers neither way."""
        try:
            return self._predict_together(deployed, instances)
        except errors.GateFailed:
            if len(instances) == 1:
                raise
        self._call.report(f"gate: asking {deployed.version} for one prediction at a time")
        return [each for instance in instances for each in self._predict(deployed, [instance])]

    def _predict_together(self, deployed: _Deployed, instances: list[Any]) -> list[Any]:
        """In as many requests as the limit on their size requires."""
        predictions: list[Any] = []
        batch: list[Any] = []
        size = 0
        for instance in instances:
            length = len(json.dumps(instance))
            if batch and size + length > _REQUEST_BYTES:
                predictions += self._predict(deployed, batch)
                batch, size = [], 0
            batch.append(instance)
            size += length + 1
        return predictions + self._predict(deployed, batch)

    def _predict(self, deployed: _Deployed, instances: list[Any]) -> list[Any]:
        """`ml.projects.predict`: one prediction per instance. Raises `GateFailed` otherwise."""
        api = self._call.api
        request = api.methods(ML, "projects").predict(name=deployed.name, body={"instances": instances})
        response = api.call(request, repeatable=True)
        if "error" in response:
            raise self._failure(deployed, f"{deployed.name} does not answer: {response['error']} ({request.methodId})")
        predictions = response.get("predictions")
        reason = comparison.count_failure(predictions, len(instances))
        if reason:
            raise self._failure(deployed, f"{deployed.name}: {reason} ({request.methodId})")
        return list(predictions)

    def _check_latency(self, deployed: _Deployed, expected: Sequence[Mapping[str, Any]], bound: float) -> None:
        """The median of one call per sample; the gate's first call has warmed the version up."""
        seconds = []
        for sample in expected:
            start = time.perf_counter()
            self._predict(deployed, [sample["instance"]])
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds)
        if median > bound:
            slow = f"answers in {median:.3f} s (median of {len(seconds)}); gate.maxLatency is {bound:g} s"
            raise self._failure(deployed, f"{deployed.name} {slow}")


def _count(items: Sequence[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"
