"""Finds variables and lookup tables of a loaded graph that are not initialized. Needs TensorFlow."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from emulator.serving.saved_model.reachable import Graph

_INIT = "__saved_model_init_op"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")


@dataclass(frozen=True)
class Missing:
    """What is not initialized.

    Attributes:
        variables: names of variables without a value.
        tables: names of lookup tables without entries.
        is_keras_3: whether the export is a Keras 3 model saved with `tf.saved_model.save`, which does not track all
            variables that its signatures read.
    """

    variables: AbstractSet[str] = field(default_factory=set)
    tables: AbstractSet[str] = field(default_factory=set)
    is_keras_3: bool = False


def missing(session: Any, graph: Graph, meta_graph: Any, names: Collection[str]) -> Missing:
    """Which of the nodes with these names are not initialized.

    Inputs of the restore and init operations count as initialized; TensorFlow checks the others.

    Args:
        session: contains the graph and its values.
        graph: the graph.
        meta_graph: the same as a `MetaGraphDef`.
        names: of the nodes to check.
    """
    before = graph.inputs(graph.reached(_initial(meta_graph)).nodes)
    with session.graph.as_default():
        return Missing(
            _uninitialised(session, _others(graph.variables(names), graph.variables(before))),
            _empty(session, _others(graph.tables(names), graph.tables(before))),
            bool(meta_graph.object_graph_def.nodes),
        )


def _others(wanted: dict[str, str], known: Collection[str]) -> dict[str, str]:
    return {name: node for name, node in wanted.items() if name not in known}


def _uninitialised(session: Any, variables: dict[str, str]) -> set[str]:
    if not variables:
        return set()
    tensors = [session.graph.get_tensor_by_name(f"{node}:0") for node in variables.values()]
    known = session.run([_is_initialised(tensor) for tensor in tensors])
    return {name for name, whether in zip(variables, known, strict=True) if not whether}


def _is_initialised(variable: Any) -> Any:
    if variable.dtype == tf.resource:
        return tf.raw_ops.VarIsInitializedOp(resource=variable)
    return tf.raw_ops.IsVariableInitialized(ref=variable)


def _empty(session: Any, tables: dict[str, str]) -> set[str]:
    return {name for name, node in tables.items() if not _can_be_asked(session, node)}


def _can_be_asked(session: Any, node: str) -> bool:
    """Whether a lookup without keys works, which fails on a table that was never initialized."""
    operation = session.graph.get_operation_by_name(node)
    keys = tf.zeros([0], operation.get_attr("key_dtype"))
    default = tf.zeros([], operation.get_attr("value_dtype"))
    find = tf.raw_ops.LookupTableFindV2 if operation.type == "HashTableV2" else tf.raw_ops.LookupTableFind
    try:
        session.run(find(table_handle=operation.outputs[0], keys=keys, default_value=default))
    except tf.errors.FailedPreconditionError:
        return False
    return True


def _initial(meta_graph: Any) -> Iterator[str]:
    """The init operations, which a loader runs before the first request."""
    if meta_graph.saver_def.restore_op_name:
        yield meta_graph.saver_def.restore_op_name
    if _INIT in meta_graph.signature_def:
        yield from (info.name for info in meta_graph.signature_def[_INIT].outputs.values())
    for collection in _INIT_COLLECTIONS:
        if collection in meta_graph.collection_def:
            yield from meta_graph.collection_def[collection].node_list.value
