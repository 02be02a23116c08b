"""The gate before a version that is to serve: it must answer its sample instances as they say, and break no client.

Nothing is changed here. A failure names the instance, what was expected and what was found.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from resources import _ownership, _signatures, errors
from resources._provider import Call, State
from resources._values import shown
from resources.gate import admission, compare, compatibility, samples
from resources.ml import _default, _names, quotas
from resources.storage import manifests, rules

SHOWN = 3
_REQUEST_BYTES = quotas.PREDICT_BYTES * 2 // 3
"""With room for how the client writes them."""
_AFTER = " The old default and the old traffic split still serve, and {} can be looked at: fix it, or go back"
_UNREADABLE = (errors.NotFound, errors.PermissionDenied, errors.ArtifactError)
"""Why signatures are not known: no manifest, none that these credentials may read, or a file that is no manifest."""


class _Deployed:
    """A version as the API has it, with its artifact's manifest. Each is read once, when it is first needed."""

    def __init__(self, call: Call, news: State, version: str) -> None:
        self._call, self.version = call, version
        self.name = _names.version(news["project"], news["model"], version)

    @cached_property
    def uri(self) -> str:
        """Its `deploymentUri`; empty where it has none."""
        versions = _default.versions(self._call)
        return str(self._call.api.call(versions.get(name=self.name)).get("deploymentUri", ""))

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the manifest says. Raises `NotFound`, `ArtifactError`."""
        return manifests.read(self._call.api, self.uri)

    @property
    def manifest_uri(self) -> str:
        """Where its manifest is, or would be."""
        return f"{self.uri.rstrip('/')}/{manifests.NAME}"

    @property
    def signatures(self) -> dict[str, Any]:
        """By its manifest; empty where they are not known."""
        try:
            return compatibility.readable(self.manifest.get("signatures")) if self.uri else {}
        except _UNREADABLE:
            return {}


class Gate:
    """The gate of one model, as a `DefaultVersion` declares it.

    Args:
        call: where to ask, and where to show progress.
        olds: the inputs of the state; empty where it has none.
        news: the inputs that the program wants.
        current: the version that is the default now; empty where the model has none.
    """

    def __init__(self, call: Call, olds: State, news: State, current: str) -> None:
        self._call, self._olds, self._news = call, olds, news
        self._before = str(olds.get("version") or current)
        """The version that clients call: one that is made again has a successor meanwhile."""
        self._options: Mapping[str, Any] = news.get("gate") or {}

    def admit(self, version: str) -> None:
        """Raises `GateFailed` unless this version may serve."""
        deployed = _Deployed(self._call, self._news, version)
        if self._before:
            self._check_signatures(deployed)
        if not self._options.get("skip"):
            self._check_predictions(deployed)

    def _check_signatures(self, deployed: _Deployed) -> None:
        """Compares with the signatures of the version that answers now: what inputs do not say, manifests may."""
        version, current = deployed.version, self._before
        _, old, new = admission.signatures({**self._olds, "version": current}, self._news, version)
        told = bool(self._olds and old and new)
        new = new or deployed.signatures
        if new and not old and current != version:  # else it is gone
            old = _Deployed(self._call, self._news, current).signatures
        if not old or not new:
            unknown = f"the signatures of {version if not new else current} are not known, and no manifest says them"
            self._call.warn(f"signatures of {current} and {version} not compared: {unknown}")
            return
        verdict = admission.Verdict([], [])
        admission.judge_signatures(verdict, self._news, version, current, old, new)
        for text in [] if told else verdict.warnings:  # else it was said before all calls
            self._call.warn(text)
        for reason in verdict.refusals:
            raise errors.GateFailed(f"{reason}.{_AFTER.format(version)}")

    def _check_predictions(self, deployed: _Deployed) -> None:
        expected = self._samples(deployed)
        if not expected:
            return
        self._call.report(f"gate: asking {deployed.version} for {_count(expected, 'prediction')}")
        predictions = self._predict_all(deployed, [sample["instance"] for sample in expected])
        signatures = self._signatures(deployed)
        wrong = self._differences(expected, predictions, _signatures.output_names(signatures))
        if wrong:
            told = "; ".join(wrong[:SHOWN]) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
            raise self._failed(deployed, f"gate failed against {self._source(deployed)}: {told}")
        of = f" ({_signatures.default_key(signatures)})" if signatures else ""
        matches = "matches" if len(expected) == 1 else "match"
        self._call.report(f"gate: {len(expected)} of {_count(expected, 'sample')} {matches}{of}")
        if "maxLatency" in self._options:
            self._check_latency(deployed, expected, float(self._options["maxLatency"]))

    def _differences(self, expected: Sequence[Mapping[str, Any]], got: list[Any], outputs: list[str]) -> list[str]:
        tolerance = float(self._options.get("tolerance", compare.TOLERANCE))
        return [
            f"instance {index}{path and f' ({path})'}: expected {shown(wanted)}, got {shown(found)}"
            for index, (sample, prediction) in enumerate(zip(expected, got, strict=True))
            for path, wanted, found in compare.differences(sample["prediction"], prediction, outputs, tolerance)
        ]

    def _signatures(self, deployed: _Deployed) -> dict[str, Any]:
        """As far as they are known without another call: the manifest is read for its samples, or not at all."""
        by_manifest = {} if self._options.get("samples") else deployed.signatures
        return by_manifest or admission.known(self._news, deployed.version)

    def _source(self, deployed: _Deployed) -> str:
        return str(self._options.get("samples") or deployed.manifest_uri)

    def _failed(self, deployed: _Deployed, reason: str) -> errors.GateFailed:
        return errors.GateFailed(f"{deployed.name}: {reason}.{_AFTER.format(deployed.version)}")

    def _samples(self, deployed: _Deployed) -> Sequence[Mapping[str, Any]]:
        """The user's own samples, or those of the manifest; none where nothing is to be compared, with a warning."""
        file = self._options.get("samples")
        if file:
            try:
                return samples.read(file)
            except errors.ArtifactError as error:
                raise errors.ArtifactError(f"gate.samples: {file} {error}") from None
        try:
            found = deployed.manifest.get("samples") if deployed.uri else None
        except errors.NotFound:
            self._miss(deployed)
            return ()
        if not found:
            self._without_samples(deployed)
            return ()
        try:
            return samples.checked(found)
        except errors.ArtifactError as error:
            own = "give samples of your own (gate.samples), or set gate.skip: true"
            raise errors.ArtifactError(f"samples in {deployed.manifest_uri}: {error}. Fix that object, {own}") from None

    def _without_samples(self, deployed: _Deployed) -> None:
        where = deployed.manifest_uri if deployed.uri else "its container"
        if admission.is_explicit(self._options):
            raise self._failed(deployed, admission.no_samples(deployed.version, where))
        if not admission.warns_of_samples(
            self._olds, self._news, deployed.version
        ):  # else it was said before all calls
            self._call.warn(admission.nothing_compared(deployed.version, where))

    def _miss(self, deployed: _Deployed) -> None:
        """Refuses, or warns: there is no manifest. That of a SavedModel of this stack can be put back first."""
        told = f"there is no {deployed.manifest_uri}, which would say what {deployed.name} must answer"
        if any("prefix" in each and deployed.uri == rules.folder_uri(each) for each in _ownership.all_declared()):
            after = _AFTER.format(deployed.version)
            raise errors.GateFailed(f"{told}: `pulumi refresh`, then `pulumi up` put it back.{after}")
        if admission.is_explicit(self._options):
            raise self._failed(deployed, admission.no_samples(deployed.version, deployed.manifest_uri))
        own = "Samples of your own go into gate.samples; gate.skip: true says that none are wanted"
        self._call.warn(f"no gate: {told}. {own}")

    def _predict_all(self, deployed: _Deployed, instances: list[Any]) -> list[Any]:
        """As many requests as the limit on their size asks for."""
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
        """`ml.projects.predict`."""
        api = self._call.api
        request = api.ml("projects").predict(name=deployed.name, body={"instances": instances})
        response = api.call(request, repeatable=True)
        predictions = response.get("predictions")
        if "error" in response or not isinstance(predictions, list) or len(predictions) != len(instances):
            reason = response.get("error") or f"expected a list of {len(instances)} predictions, got none"
            after = _AFTER.format(deployed.version)
            raise errors.GateFailed(f"{deployed.name} does not answer: {reason} ({request.methodId}).{after}")
        return predictions

    def _check_latency(self, deployed: _Deployed, expected: Sequence[Mapping[str, Any]], bound: float) -> None:
        """The median of one call per sample; the gate's first call has warmed the version up."""
        seconds = []
        for sample in expected:
            start = time.perf_counter()
            self._predict(deployed, [sample["instance"]])
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds)
        if median > bound:
            told = f"answers in {median:.3f} s (median of {len(seconds)}); gate.maxLatency is {bound:g} s"
            raise errors.GateFailed(f"{deployed.name} {told}.{_AFTER.format(deployed.version)}")


def _count(items: Sequence[Any], noun: str) -> str:
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"
