"""`Client`: predictions of one model, for programs with many threads or an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from artifact_format.manifest import Manifest
from artifact_format.signatures import Tensors
from gcp import api, errors
from gcp.settings import RETRY_SECONDS
from prediction import deployed, online, platforms, settings, traffic_split
from prediction.errors import PredictionFailed
from prediction.instances import arrays_and_frames, request_bodies
from prediction.predictions import Predictions

if TYPE_CHECKING:
    from prediction.instances.arrays_and_frames import Array
    from prediction.targets.target import Target


class Client:
    """Predictions of a deployed model, or of one of its versions. Thread-safe; close it, or use `with`.

    Instances are a list with one item per instance (see `predict_json`), an array of shape (n, ...), or columns: a
    mapping `{input: n values}` or a pandas DataFrame. Instances that do not fit into one request are sent in several,
    `connections` at a time. Predictions come in the order of the instances, each an object by output name. If the
    endpoint returns the bare value of a single output, as TensorFlow Serving does, its name is taken from the
    artifact's manifest; without a manifest the value stays bare. If a signature takes one instance per request (an
    input with the shape [], by the manifest), instances are sent one by one after the model refuses several. If the
    model refuses for another reason, `PredictionFailed` names the first instance and input that do not match, if there
    is a manifest.

    Args:
        project: id or number of the Google Cloud project.
        model: name of the model.
        version: name of the version. Default: the model's default version.
        split: instead of `version`, version -> share of the users in per cent, with a sum of 100. Each call then needs
            a `key`. See `prediction.version_for`.
        endpoint: "global", "regional" or a URL; see `predict_json`.
        region: for Google's regional endpoint.
        signature_name: key of the SavedModel's signature. Default: its only one, else "serving_default".
        retry_seconds: how long transient failures (429, 5xx, no answer) are retried. Default: 30 s.
        connections: maximum number of concurrent requests; connections are reused. Default: 4.
        platform: "ml" (AI Platform Prediction) or "vertex" (Vertex AI, where `model` is also the endpoint's id, and
            neither `version` nor `split` can be given: the service splits the requests). Default: "ml".

    Raises:
        InvalidInput: a name, the endpoint, the split or a number is not valid.
    """

    def __init__(
        self,
        project: str,
        model: str,
        version: str | None = None,
        *,
        split: Mapping[str, float] | None = None,
        endpoint: str | None = None,
        region: str | None = None,
        signature_name: str | None = None,
        retry_seconds: float = RETRY_SECONDS,
        connections: int = 4,
        platform: str = platforms.ML,
    ) -> None:
        called = replace(settings.settings_of(endpoint, region), retry_seconds=retry_seconds)
        self._target = platforms.of(platform)(project=project, api=api.Api(called))
        self.name = self._target.resource_name(model)
        self._model, self._version = model, version
        self._split = _checked(self.name, version, split)
        _require_least("connections", connections, 1)
        _require_least("retry_seconds", retry_seconds, 0)
        self._signature = signature_name
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="prediction")
        self._connections: set[Any] = set()
        self._known: dict[str | None, Manifest] = {}
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def of_output(cls, output: Mapping[str, Any], **options: Any) -> Self:
        """The client of a model that a stack deployed.

        Args:
            output: the entry of the model in the stack's output `models`, with `predictUrl` and, if the stack file has
                one, `trafficSplit` (`pulumi stack output models --json`).
            options: further arguments of `Client`; they override the output.

        Raises:
            InvalidInput: this is not such an entry.
        """
        arguments = platforms.client_arguments(str(output.get("predictUrl")))
        if arguments is None:
            raise errors.InvalidInput([("predictUrl", "is missing: pass one model of the stack's output `models`")])
        splits = platforms.of(arguments["platform"]).CLIENTS_SPLIT and "version" not in options
        split = {"split": output.get("trafficSplit")} if splits else {}
        return cls(**{**arguments, **split, **options})

    def version_for(self, key: str | int | None = None) -> str | None:
        """The version for a user; None means the model's default version.

        Raises:
            InvalidInput: the client has a `split`, and there is no key.
        """
        if not self._split:
            return self._version
        if key is None:
            raise errors.InvalidInput([("key", "is required, because users are split among versions")])
        return traffic_split.version_for(key, self._split, self.name)

    def predict(self, instances: Iterable[Any], *, key: str | int | None = None) -> Predictions:
        """The predictions, one per instance: `{output: value}`, or a bare value if the output's name is not known.

        The list has an attribute `versions`: on Vertex AI, the name of the version that gave each prediction.

        Args:
            instances: see the class.
            key: identifies the user; required with a `split`.

        Raises:
            InvalidInput: there are no instances, or one is too large or cannot be written as JSON. Nothing was sent.
            PredictionFailed: the model refused or failed (`instance` is the index of the first instance that does not
                match), or returned more or fewer predictions than there were instances; or the client is closed.
            ApiError: the API refused; see the subclasses.
            EndpointUnreachable: no answer came.
        """
        return _joined(self._send(*self._packed(instances, key)))

    async def predict_async(self, instances: Iterable[Any], *, key: str | int | None = None) -> Predictions:
        """Like `predict`, without blocking the event loop: the requests run on the client's own threads.

        If it is cancelled, the remaining requests are not sent.
        """
        packed = await asyncio.to_thread(self._packed, instances, key)
        futures = self._send(*packed)
        try:
            await asyncio.gather(*map(asyncio.wrap_future, futures))
            return _joined(futures)
        finally:
            _cancel(futures)

    def predict_arrays(self, instances: Iterable[Any], *, key: str | int | None = None) -> dict[str, Array]:
        """Like `predict`, as an array of shape (n, ...) per output. An output without a known name is `prediction`."""
        return arrays_and_frames.arrays(self.predict(instances, key=key))

    def predict_array(self, instances: Iterable[Any], *, key: str | int | None = None) -> Array:
        """Like `predict`, as an array of shape (n, ...), for a signature with one output.

        Raises:
            InvalidInput: the signature has several outputs.
        """
        found = self.predict_arrays(instances, key=key)
        if len(found) > 1:
            reason = f"must be one; the signature has {', '.join(found)}: use predict_arrays"
            raise errors.InvalidInput([("outputs", reason)])
        return next(iter(found.values()))

    def predict_frame(self, instances: Iterable[Any], *, key: str | int | None = None) -> Any:
        """Like `predict`, as a pandas DataFrame. If `instances` is a DataFrame, the result has the same index.

        An output with one value per instance is a column with its name. An output with several values has a column for
        each, named after the artifact's classes if their number is the same, else `OUTPUT_0`, `OUTPUT_1`, ...
        """
        manifest = self._manifest(self.version_for(key))
        predictions = self.predict(instances, key=key)
        index = instances.index if arrays_and_frames.is_frame(instances) else None  # type: ignore[attr-defined]  # a frame's
        output = manifest.output(self._signature)
        return arrays_and_frames.frame(predictions, output=output, classes=manifest.classes, index=index)

    def close(self) -> None:
        """Waits for running requests and closes the connections."""
        self._closed = True
        self._pool.shutdown(cancel_futures=True)
        while self._connections:
            self._connections.pop().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.close)

    def _packed(self, instances: Iterable[Any], key: str | int | None) -> tuple[str | None, list[request_bodies.Body]]:
        """The version, and the request bodies."""
        self._require_open()
        version = self.version_for(key)
        by_column = arrays_and_frames.is_frame(instances) or isinstance(instances, Mapping)
        rows = arrays_and_frames.rows(instances, self._inputs(version) if by_column else {})
        return version, request_bodies.pack(rows, self._target.envelope(self._signature))

    def _send(self, version: str | None, bodies: list[request_bodies.Body]) -> list[Future[Predictions]]:
        self._require_open()
        name = self._target.resource_name(self._model, version)
        manifest = _LazyManifest(partial(self._manifest_or_none, version))

        def ask(body: request_bodies.Body) -> Predictions:
            predictions = online.ask(
                self._connected(), name, body, requests=len(bodies), signature_name=self._signature, manifest=manifest
            )
            return predictions.by_name(lambda: manifest().outputs(self._signature))

        return [self._pool.submit(ask, body) for body in bodies]

    def _require_open(self) -> None:
        if self._closed:
            raise PredictionFailed(f"{self.name}: this client is closed: create another one")

    def _inputs(self, version: str | None) -> Tensors:
        return self._manifest(version).inputs(self._signature)

    def _connected(self) -> Target:
        """The target. Records this thread's connection, which may outlive the thread, for `close`."""
        self._connections.add(self._target.api.http())
        return self._target

    def _manifest_or_none(self, version: str | None) -> Manifest:
        """The manifest; empty if it cannot be read, so that the predictions or the original error are not lost."""
        try:
            return self._manifest(version)
        except errors.Error:
            return Manifest()

    def _manifest(self, version: str | None) -> Manifest:
        """The artifact's manifest, read once per named version. The default may change, so it is read each time."""
        with self._lock:
            if version is None or version not in self._known:
                self._known[version] = deployed.known(self._connected(), self._model, version)[1]
            return self._known[version]


class _LazyManifest:
    """A manifest, read on first use. Thread-safe."""

    def __init__(self, look_up: Callable[[], Manifest]) -> None:
        self._look_up, self._lock = look_up, threading.Lock()
        self._found: Manifest | None = None

    def __call__(self) -> Manifest:
        with self._lock:
            if self._found is None:
                self._found = self._look_up()
            return self._found


def _checked(name: str, version: str | None, shares: Mapping[str, float] | None) -> dict[str, float]:
    if not shares:
        return {}
    if version is not None:
        raise errors.InvalidInput([("version", f"cannot be combined with split ({name})")])
    traffic_split.check(shares)
    return dict(shares)


def _require_least(name: str, value: float, least: int) -> None:
    if not value >= least:  # also rejects NaN
        raise errors.InvalidInput([(name, f"must be {least} or more; got {value}")])


def _joined(futures: list[Future[Predictions]]) -> Predictions:
    try:
        return Predictions.joined(future.result() for future in futures)
    finally:
        _cancel(futures)


def _cancel(futures: list[Future[Predictions]]) -> None:
    """Cancels the requests that are not sent yet."""
    for future in futures:
        future.cancel()
