"""The signatures of a loaded graph, and which of them can predict. Needs TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.saved_model import initial_values
from emulator.serving.saved_model.initial_values import Missing
from emulator.serving.saved_model.reachable import Graph, Reached

_LOADERS_OWN = "__saved_model_"
_COMPOSITE = {1: "sparse", 3: "ragged"}
"""TypeSpecProto's number of a class of tensors, and its name."""
_OPAQUE = ("resource", "variant")


@dataclass(frozen=True)
class Inspected:
    """One signature of a graph.

    Attributes:
        signature: as clients see it.
        feeds: the tensor behind each input, by alias.
        fetches: the tensor behind each output, by alias.
        writes: an operation that may have side effects; None if there is none.
        random: whether it draws random numbers.
        varies: why predictions for the same inputs may differ, as a verb; empty if they do not.
        alters: an operation that writes what a later call may read; empty if there is none.
    """

    signature: Signature
    feeds: Mapping[str, str]
    fetches: Mapping[str, str]
    writes: str | None
    random: bool
    varies: str
    alters: str


def inspect(session: Any, meta_graph: Any) -> dict[str, Inspected]:
    """The signatures by key, without the loader's own.

    Args:
        session: contains the graph and its values.
        meta_graph: the loaded `MetaGraphDef`.
    """
    graph = Graph(meta_graph)
    found = {
        key: _Signature(definition, graph, session)
        for key, definition in sorted(meta_graph.signature_def.items())
        if not key.startswith(_LOADERS_OWN)
    }
    missing = initial_values.missing(
        session, graph, meta_graph, set().union(*(each.reached.nodes for each in found.values()))
    )
    return {key: each.inspected(graph, missing) for key, each in found.items()}


class _Signature:
    """A signature during inspection."""

    def __init__(self, definition: Any, graph: Graph, session: Any) -> None:
        self._definition, self._graph = definition, session.graph
        self._feeds = {alias: info.name for alias, info in sorted(definition.inputs.items())}
        self._fetches = {alias: info.name for alias, info in sorted(definition.outputs.items())}
        self.reached: Reached = graph.reached(self._fetches.values(), self._feeds.values())

    def inspected(self, graph: Graph, missing: Missing) -> Inspected:
        """The result.

        Args:
            graph: the graph of the signature.
            missing: what is not initialized in it.
        """
        inputs, outputs = self._definition.inputs, self._definition.outputs
        refusal = next(self._faults(graph, missing), "")
        signature = Signature(
            {alias: _tensor(info) for alias, info in sorted(inputs.items())},
            {alias: _tensor(info) for alias, info in sorted(outputs.items())},
            refusal,
        )
        reached = self.reached
        effects = (reached.writes, reached.random, reached.varies, reached.alters)
        return Inspected(signature, self._feeds, self._fetches, *effects)

    def _faults(self, graph: Graph, missing: Missing) -> Iterator[str]:
        """Why it cannot predict."""
        if not self._fetches:
            yield "it has no output"
        for side, tensors in (("input", self._definition.inputs), ("output", self._definition.outputs)):
            for alias, info in sorted(tensors.items()):
                yield from self._faults_of(f"{side} {alias}", info)
        if self.reached.without_kernel:
            yield f"the operation {self.reached.without_kernel} has no kernel for the processor of this machine"
        if self.reached.python:
            yield f"the operation {self.reached.python} calls Python code, which a SavedModel does not contain"
        for name in sorted(self.reached.unfed):
            yield f"its outputs need the placeholder {name}, which is not one of its inputs and has no default"
        yield from self._without_value(graph, missing)

    def _without_value(self, graph: Graph, missing: Missing) -> Iterator[str]:
        """The variables and tables that it needs but nothing initializes."""
        for name in sorted(missing.variables & graph.variables(self.reached.nodes).keys()):
            yield f"the variable {name} has no value, because nothing in the export restores " + (
                "it; a Keras 3 model is exported with model.export(), not with tf.saved_model.save()"
                if missing.is_keras_3
                else "or initialises it"
            )
        tables = {} if self.reached.fills_table else graph.tables(self.reached.nodes)
        for name in sorted(missing.tables & tables.keys()):
            yield f"the lookup table {tables[name]} has no entries, because nothing in the export initialises it"

    def _faults_of(self, which: str, info: Any) -> Iterator[str]:
        """Why a tensor cannot be fed or fetched."""
        encoding = info.WhichOneof("encoding")
        if encoding != "name":
            number = info.composite_tensor.type_spec.type_spec_class if encoding == "composite_tensor" else 1
            kind = _COMPOSITE.get(number, "composite")
            yield f"{which} is a {kind} tensor, which JSON predictions cannot hold; export it as a dense tensor"
            return
        try:
            tensor = self._graph.get_tensor_by_name(info.name)
        except (KeyError, ValueError):
            yield f"{which} is the tensor {info.name!r}, which is not in the graph"
            return
        if tensor.dtype.name in _OPAQUE:
            yield f"{which} has the type {tensor.dtype.name}, which JSON predictions cannot hold"


def _tensor(info: Any) -> Tensor:
    shape = info.tensor_shape
    sizes = None if shape.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
    return Tensor(tf.as_dtype(info.dtype).base_dtype.name if info.dtype else "invalid", sizes)
