"""The signatures of a loaded graph, and which of them can answer. Needs TensorFlow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from emulator.serving.reach import Graph, Reached
from emulator.serving.signature import Signature, Tensor

_LOADERS_OWN = "__saved_model_"
_INIT = "__saved_model_init_op"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
_COMPOSITE = {1: "sparse", 3: "ragged"}
"""TypeSpecProto's number of a class of tensors, and its name."""
_OPAQUE = ("resource", "variant")


@dataclass(frozen=True)
class Inspected:
    """One signature of a graph.

    Attributes:
        signature: what clients see of it.
        feeds: the tensor behind each input, by alias.
        fetches: the tensor behind each output, by alias.
        writes: the operation that may change something when it runs; None if there is none.
        random: whether it draws random numbers.
    """

    signature: Signature
    feeds: Mapping[str, str]
    fetches: Mapping[str, str]
    writes: str | None
    random: bool


def inspect(session: Any, meta_graph: Any) -> dict[str, Inspected]:
    """The signatures by key, without the loader's own.

    Args:
        session: holds the graph and its values.
        meta_graph: the `MetaGraphDef` that was loaded.
    """
    graph = Graph(meta_graph)
    found = {
        key: _Signature(definition, graph, session)
        for key, definition in sorted(meta_graph.signature_def.items())
        if not key.startswith(_LOADERS_OWN)
    }
    needed = [name for each in found.values() for name in each.reached.nodes]
    missing = _uninitialised(session, graph, meta_graph, needed)
    return {key: each.inspected(graph, missing) for key, each in found.items()}


class _Signature:
    """A signature during inspection."""

    def __init__(self, definition: Any, graph: Graph, session: Any) -> None:
        self._definition, self._graph = definition, session.graph
        self._feeds = {alias: info.name for alias, info in sorted(definition.inputs.items())}
        self._fetches = {alias: info.name for alias, info in sorted(definition.outputs.items())}
        self.reached: Reached = graph.reached(self._fetches.values(), self._feeds.values())

    def inspected(self, graph: Graph, missing: set[str]) -> Inspected:
        """The result.

        Args:
            graph: the graph of the signature.
            missing: names of the variables without a value.
        """
        inputs, outputs = self._definition.inputs, self._definition.outputs
        refusal = next(self._faults(graph, missing), "")
        signature = Signature(
            {alias: _tensor(info) for alias, info in sorted(inputs.items())},
            {alias: _tensor(info) for alias, info in sorted(outputs.items())},
            refusal,
        )
        return Inspected(signature, self._feeds, self._fetches, self.reached.writes, self.reached.random)

    def _faults(self, graph: Graph, missing: set[str]) -> Iterator[str]:
        """Why it cannot answer."""
        if not self._fetches:
            yield "it has no output"
        for side, tensors in (("input", self._definition.inputs), ("output", self._definition.outputs)):
            for alias, info in sorted(tensors.items()):
                yield from self._faults_of(f"{side} {alias}", info)
        if self.reached.without_kernel:
            yield f"the operation {self.reached.without_kernel} has no kernel for the processor of this machine"
        for name in sorted(missing & graph.variables(self.reached.nodes).keys()):
            yield (
                f"the variable {name} has no value, because nothing in the export restores it; "
                "a Keras 3 model is exported with model.export(), not with tf.saved_model.save()"
            )

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


def _uninitialised(session: Any, graph: Graph, meta_graph: Any, names: Iterable[str]) -> set[str]:
    """The names of the variables among these nodes that have no value.

    Those that the restoring or the initial operations take as inputs have one; TensorFlow is asked about the others.
    """
    set_before = graph.used(graph.reached(_initial(meta_graph)).nodes)
    doubtful = {name: node for name, node in graph.variables(names).items() if name not in set_before}
    if not doubtful:
        return set()
    with session.graph.as_default():
        tensors = [session.graph.get_tensor_by_name(f"{node}:0") for node in doubtful.values()]
        known = session.run([_is_initialised(tensor) for tensor in tensors])
    return {name for name, whether in zip(doubtful, known, strict=True) if not whether}


def _is_initialised(variable: Any) -> Any:
    if variable.dtype == tf.resource:
        return tf.raw_ops.VarIsInitializedOp(resource=variable)
    return tf.raw_ops.IsVariableInitialized(ref=variable)


def _initial(meta_graph: Any) -> Iterator[str]:
    """What a loader runs before the first request."""
    if meta_graph.saver_def.restore_op_name:
        yield meta_graph.saver_def.restore_op_name
    if _INIT in meta_graph.signature_def:
        yield from (info.name for info in meta_graph.signature_def[_INIT].outputs.values())
    for collection in _INIT_COLLECTIONS:
        if collection in meta_graph.collection_def:
            yield from meta_graph.collection_def[collection].node_list.value
