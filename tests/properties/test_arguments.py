"""Random arguments of constructors: the resource is registered, or each error has its key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources import ml, storage
from resources.engine.resource import InvalidArguments, Resource
from tests.properties.values import JSON, mutated

FILES = {"saved_model.pb": {"size": 3, "crc32c": "AAAAAA=="}}
VALID: dict[str, tuple[type[Resource], dict[str, Any]]] = {
    "bucket": (storage.Bucket, {"project": "p-one", "name": "a-bucket", "labels": {"a": "b"}, "location": "EU"}),
    "saved model": (storage.SavedModel, {"bucket": "a-bucket", "prefix": "r/c", "files": FILES, "size": 3}),
    "model": (ml.Model, {"project": "p-one", "name": "m", "regions": ["us-central1"], "labels": {"a": "b"}}),
    "version": (
        ml.Version,
        {
            "project": "p-one",
            "model": "m",
            "name": "v1",
            "deployment_uri": "gs://a-bucket/r/c/",
            "runtime_version": "2.11",
            "python_version": "3.7",
            "machine_type": "n1-standard-2",
            "auto_scaling": {"min_nodes": 1, "max_nodes": 2},
        },
    ),
    "default version": (ml.DefaultVersion, {"project": "p-one", "model": "m", "version": "v1", "gate": {"skip": True}}),
}


class Mocks(pulumi.runtime.Mocks):
    """An engine that accepts everything."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        """Returns the inputs as outputs."""
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Fails, since the program calls no function."""
        raise AssertionError(args)


@pytest.fixture(scope="module", autouse=True)
def _loop() -> Iterator[None]:
    """An event loop for these tests, in which constructors register: other tests close the thread's loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.parametrize("kind", VALID)
@given(data=st.data())
def test_arguments_are_accepted_or_reported_by_key(kind: str, data: st.DataObject) -> None:
    """The only exception is `InvalidArguments`, whose lines start with the constructor and are printable."""
    constructor, valid = VALID[kind]
    arguments = data.draw(mutated([valid]))
    if data.draw(st.booleans()):
        arguments[data.draw(st.sampled_from(sorted(valid)))] = data.draw(JSON)
    pulumi.runtime.set_mocks(Mocks(), project="tf2-models", stack="test")
    try:
        constructor("r", **arguments)
    except InvalidArguments as error:
        for line in str(error).split("\n"):
            assert line.startswith(f"{constructor.__name__}('r')"), line
            assert line.isprintable()
