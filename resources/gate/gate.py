"""The gate that a version passes before it serves: its predictions must match its samples, and no client may break.

The gate changes nothing. A failure names the instance, the expected and the actual value.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from artifact_format import signatures as signature_format
from gcp import errors
from resources.deploy_errors import ArtifactError, GateFailed
from resources.gate import admission, comparison, compatibility, samples
from resources.schema.types import shown

SHOWN = 3
_UNREADABLE = (errors.NotFound, errors.PermissionDenied, ArtifactError)
"""Why signatures may be unknown: the manifest does not exist, must not be read, or is invalid."""

Values = Mapping[str, Any]


class Deployed(Protocol):
    """A deployed version that is to serve, on any platform."""

    @property
    def version(self) -> str:
        """Its name in the stack file."""

    @property
    def name(self) -> str:
        """Its full name in the API."""

    @property
    def uri(self) -> str:
        """The folder of its SavedModel, `gs://...`; empty if it has none."""

    @property
    def manifest_uri(self) -> str:
        """The URI of its manifest, which may not exist."""

    @property
    def manifest(self) -> Values:
        """The content of its manifest. Raises `NotFound`, `PermissionDenied`, `ArtifactError`."""

    @property
    def is_of_stack(self) -> bool:
        """Whether the stack manages its SavedModel."""

    def predict(self, instances: list[Any]) -> list[Any]:
        """One prediction per instance. Raises `GateFailed` with the reason if that fails."""


class Screen(Protocol):
    """Where the gate reports; `Call` is one."""

    @property
    def report(self) -> Callable[[str], None]:
        """Shows progress."""

    @property
    def warn(self) -> Callable[[str], None]:
        """Shows a warning."""


class Gate:
    """The gate of one model.

    Args:
        screen: shows progress and warnings.
        find: returns the version with a name.
        olds: the inputs in the state; empty for none.
        news: the inputs that the program wants, including `gate`.
        current: the version that clients call; empty if there is none.
    """

    def __init__(
        self, screen: Screen, find: Callable[[str], Deployed], olds: Values, news: Values, current: str
    ) -> None:
        self._screen, self._find, self._olds, self._news, self._before = screen, find, olds, news, current
        self._options: Mapping[str, Any] = news.get("gate") or {}

    def admit(self, version: str) -> None:
        """Raises `GateFailed` unless this version may serve."""
        deployed = self._find(version)
        if self._before:
            self._check_signatures(deployed)
        if not self._options.get("skip"):
            self._check_predictions(deployed)

    def require_samples(self, version: str) -> None:
        """Raises `GateFailed` if there are no samples. Predicts nothing, since the version already serves."""
        self._samples(self._find(version))

    def _check_signatures(self, deployed: Deployed) -> None:
        """Compares with the version that clients call. Signatures missing in the inputs are read from manifests."""
        version, current = deployed.version, self._before
        _, old, new = admission.signatures({**self._olds, "version": current}, self._news, version)
        checked = bool(old and new)  # compared by `check`, which gave the warnings
        new = new or _signatures_of(deployed)
        if new and not old and current != version:  # else it was recreated, and its old artifact is unknown
            old = _signatures_of(self._find(current))
        if not old or not new:
            reason = f"those of {current if new else version} are unknown (no readable manifest)"
            self._screen.warn(f"signatures of {current} and {version} not compared: {reason}")
            return
        verdict = admission.Verdict([], [])
        admission.judge_signatures(verdict, self._news, version, current, old, new)
        for text in [] if checked else verdict.warnings:
            self._screen.warn(text)
        for reason in verdict.refusals:
            raise self._failure(deployed, reason)

    def _check_predictions(self, deployed: Deployed) -> None:
        expected = self._samples(deployed)
        if not expected:
            return
        self._screen.report(f"gate: requesting {comparison.counted(len(expected), 'prediction')} of {deployed.version}")
        predictions = self._predict_all(deployed, [sample["instance"] for sample in expected])
        signatures = self._known_signatures(deployed)
        wrong = self._differences(expected, predictions, signature_format.output_names(signatures))
        if wrong:
            listed = "; ".join(wrong[:SHOWN]) + (f"; and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
            raise self._failure(deployed, f"{deployed.name}: gate failed against {self._source(deployed)}: {listed}")
        of = f" ({signature_format.default_key(signatures)})" if signatures else ""
        matches = "matches" if len(expected) == 1 else "match"
        self._screen.report(f"gate: {len(expected)} of {comparison.counted(len(expected), 'sample')} {matches}{of}")
        if "maxLatency" in self._options:
            self._check_latency(deployed, expected, float(self._options["maxLatency"]))

    def _differences(self, expected: Sequence[Mapping[str, Any]], got: list[Any], outputs: list[str]) -> list[str]:
        tolerance = float(self._options.get("tolerance", comparison.TOLERANCE))
        return [
            f"instance {index}{path and f' ({path})'}: expected {shown(wanted)}, got {shown(found)}"
            for index, (sample, prediction) in enumerate(zip(expected, got, strict=True))
            for path, wanted, found in comparison.differences(sample["prediction"], prediction, outputs, tolerance)
        ]

    def _known_signatures(self, deployed: Deployed) -> dict[str, Any]:
        """The signatures that are known without another call; empty if unknown."""
        by_manifest = {} if self._options.get("samples") else _signatures_of(deployed)
        return by_manifest or admission.known(self._news, deployed.version)

    def _source(self, deployed: Deployed) -> str:
        return str(self._options.get("samples") or deployed.manifest_uri)

    def _failure(self, deployed: Deployed, reason: str) -> GateFailed:
        has_split = admission.previous_split(self._olds, self._news)
        serving = "default and traffic split still serve" if has_split else "default still serves"
        after = f"The current {serving}; {deployed.version} stays deployed for inspection. Fix it, or go back"
        return GateFailed(f"{reason}. {after}" if self._before != deployed.version else reason)

    def _samples(self, deployed: Deployed) -> Sequence[Mapping[str, Any]]:
        """The user's own samples, else the manifest's. Warns and returns nothing if there are none."""
        file = self._options.get("samples")
        if file:
            try:
                return samples.read(file)
            except ArtifactError as error:
                raise ArtifactError(f"gate.samples: {file} {error}") from None
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
        except ArtifactError as error:
            ways = "Fix that object, add gate.samples: FILE, or set gate.skip: true"
            raise ArtifactError(f"samples in {deployed.manifest_uri}: {error}. {ways}") from None

    def _without_samples(self, deployed: Deployed) -> None:
        """There are no samples: refuses an explicit gate, else warns, unless `check` already did."""
        reason = f"{deployed.manifest_uri if deployed.uri else 'its container'} has no samples"
        if admission.is_explicit(self._options):
            raise self._failure(deployed, admission.no_samples(deployed.version, reason))
        if not admission.lacks_samples(self._news, deployed.version):
            self._screen.warn(admission.nothing_compared(deployed.version, reason))

    def _without_manifest(self, deployed: Deployed) -> None:
        """There is no manifest: refuses if the stack manages the SavedModel or the gate is explicit, else warns."""
        missing = f"{deployed.manifest_uri} not found"
        if deployed.is_of_stack:
            lost = f"{missing}; it contains the samples that {deployed.name} must match"
            raise self._failure(deployed, f"{lost}. To restore it, run `pulumi refresh`, then `pulumi up`")
        reason = f"{missing}, so there are no samples to compare"
        if admission.is_explicit(self._options):
            raise self._failure(deployed, admission.no_samples(deployed.version, reason))
        self._screen.warn(admission.nothing_compared(deployed.version, reason))

    def _predict_all(self, deployed: Deployed, instances: list[Any]) -> list[Any]:
        """Predicts all instances in one request, else one at a time. Raises `GateFailed` if both fail."""
        try:
            return self._predict(deployed, instances)
        except GateFailed:
            if len(instances) == 1:
                raise
        self._screen.report(f"gate: requesting one prediction at a time of {deployed.version}")
        return [each for instance in instances for each in self._predict(deployed, [instance])]

    def _predict(self, deployed: Deployed, instances: list[Any]) -> list[Any]:
        try:
            return deployed.predict(instances)
        except GateFailed as error:
            raise self._failure(deployed, str(error)) from None

    def _check_latency(self, deployed: Deployed, expected: Sequence[Mapping[str, Any]], bound: float) -> None:
        """Checks the median latency of one call per sample. The gate's first call has already warmed the version up."""
        seconds = []
        for sample in expected:
            start = time.perf_counter()
            self._predict(deployed, [sample["instance"]])
            seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds)
        if median > bound:
            slow = f"responds in {median:.3f} s (median of {len(seconds)}); gate.maxLatency is {bound:g} s"
            raise self._failure(deployed, f"{deployed.name} {slow}")


def _signatures_of(deployed: Deployed) -> dict[str, Any]:
    """The signatures in its manifest; empty if unknown."""
    try:
        return compatibility.readable(deployed.manifest.get("signatures")) if deployed.uri else {}
    except _UNREADABLE:
        return {}
