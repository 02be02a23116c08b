"""Providers as the engine runs them: pickled, unpickled and configured, with all numbers as floats."""

from __future__ import annotations

import base64
import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import dill
from google.rpc import status_pb2  # type: ignore[import-untyped]  # it has none
from pulumi import dynamic
from pulumi.dynamic import dynamic as internals
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2

import resources
from gcp import api
from gcp.outage import Outage
from resources.engine.provider import Provider
from resources.storage.transfer.folder import crc32c

State = dict[str, Any]
Result = TypeVar("Result")


def configured(kind: type[Provider], endpoint: str, **config: str) -> Provider:
    """A provider that was pickled and configured as the engine does, and calls this endpoint."""
    provider: Provider = dill.loads(_pickled(kind))  # noqa: S301 - pickled by this process
    raw = {"tf2-models:endpoint": endpoint}
    raw |= {key if ":" in key else f"tf2-models:{key}": value for key, value in config.items()}
    provider.configure(dynamic.ConfigureRequest(dynamic.Config(raw, "tf2-models")))
    return provider


def all_providers() -> set[type[Provider]]:
    """Every provider class of the product."""
    for module in pkgutil.walk_packages(resources.__path__, "resources."):
        importlib.import_module(module.name)
    ours = (kind for kind in _below(Provider) if kind.__module__.startswith("resources."))  # type: ignore[type-abstract]  # none is made
    return {kind for kind in ours if not _is_abstract(kind)}


def _is_abstract(kind: type[Provider]) -> bool:
    return any(getattr(getattr(kind, name), "__isabstractmethod__", False) for name in dir(kind))


def _below(kind: type[Provider]) -> Iterator[type[Provider]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)


_pickles: dict[type[Provider], bytes] = {}


def _pickled(kind: type[Provider]) -> bytes:
    """The pickle of a class, cached: each call of Pulumi's function permanently wraps a method of the pickler again."""
    if kind not in _pickles:
        _pickles[kind] = base64.b64decode(internals.serialize_provider(kind()))
    return _pickles[kind]


def retrying_for(provider: Provider, seconds: float) -> Provider:
    """Limits the provider's retries to this many seconds; returns the provider."""
    provider.api = api.shared(replace(provider.api.settings, retry_seconds=seconds))
    forget_outage(provider)
    return provider


def forget_outage(provider: Provider) -> None:
    """Forgets an outage that an earlier run found, as each run of the engine has a new process."""
    provider.api.outage = Outage()


@dataclass(frozen=True)
class Request:
    """The engine's request for a resource."""

    urn: str


class Context:
    """The gRPC context of a call of the engine.

    Attributes:
        recorded: the state that the engine stores although the call failed, with its marks of secrets; None if it keeps
            the old one.
    """

    recorded: State | None = None

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes], ...]) -> None:
        """Reads the status as the engine does."""
        [(key, value)] = metadata
        assert key == "grpc-status-details-bin"
        status, failed = status_pb2.Status.FromString(value), provider_pb2.ErrorResourceInitFailed()
        assert status.details[0].Unpack(failed)
        assert failed.id
        assert list(failed.reasons) == [status.message]
        self.recorded = dict(rpc.deserialize_properties(failed.properties))


def call_as(request: Request, verb: Callable[..., Result], *values: Any, context: Context | None = None) -> Result:
    """Calls a provider's method as the engine does: the provider finds `request` and `context` in this frame."""
    return verb(*values)


def as_engine(values: State) -> State:
    """The values as the engine passes them: its protocol has no integers, only floats."""
    found: State = json.loads(json.dumps(values), parse_int=float)
    return found


def saved_model_inputs(folder: Path, bucket: str, prefix: str, **more: Any) -> State:
    """The inputs of a `storage.SavedModel` with the files of a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json"]
    facts = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "crc32c": crc32c(path)} for path in files
    }
    return {"bucket": bucket, "prefix": prefix, "source": str(folder), "files": facts, **more}
