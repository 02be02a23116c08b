"""Side effects and kernels of TensorFlow's operations. Needs TensorFlow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from tensorflow.python.framework import kernels, op_def_registry

_RESOURCE = 20
"""DT_RESOURCE."""
_HERE = ("CPU", "DEFAULT")
_REWRITTEN = {"AccumulateNV2"}
"""Operations that need no kernel, as TensorFlow replaces them before it runs a graph."""

RANDOM = frozenset({
    "AllCandidateSampler", "FixedUnigramCandidateSampler", "LearnedUnigramCandidateSampler",
    "LogUniformCandidateSampler", "Multinomial", "ParameterizedTruncatedNormal", "RandomCrop", "RandomGamma",
    "RandomPoisson", "RandomPoissonV2", "RandomShuffle", "RandomStandardNormal", "RandomUniform", "RandomUniformInt",
    "SampleDistortedBoundingBox", "SampleDistortedBoundingBoxV2", "ThreadUnsafeUnigramCandidateSampler",
    "TruncatedNormal", "UniformCandidateSampler",
})  # fmt: skip
"""Operations that draw random numbers and have no other side effect."""

PYTHON = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})
"""Operations that run Python functions, which exist only in the process that built the graph."""

_CLOCK = "Timestamp"
_TABLE_FILLERS = ("InitializeTable", "LookupTableImport")
_PRINTERS = frozenset({"Print", "PrintV2"})

_CALLS = frozenset({
    "BatchFunction", "Case", "If", "PartitionedCall", "RemoteCall", "StatefulPartitionedCall", "While",
})  # fmt: skip
"""Operations that run functions, which are inspected separately."""

_READS = frozenset({
    "AnonymousHashTable", "AnonymousMutableDenseHashTable", "AnonymousMutableHashTable",
    "AnonymousMutableHashTableOfTensors", "Assert", "CheckNumerics", "CheckNumericsV2", "DeviceIndex", "Empty",
    "GuaranteeConst", "HashTable", "HashTableV2", "IsResourceHandleRefCounting", "IsVariableInitialized",
    "LookupTableExport", "LookupTableExportV2", "LookupTableFind", "LookupTableFindV2", "LookupTableSize",
    "LookupTableSizeV2", "MutableDenseHashTable", "MutableDenseHashTableV2", "MutableHashTable",
    "MutableHashTableOfTensors", "MutableHashTableOfTensorsV2", "MutableHashTableV2", "ReadVariableOp", "RefEnter",
    "RefExit", "RefIdentity", "RefMerge", "RefNextIteration", "RefSelect", "RefSwitch", "ResourceGather",
    "ResourceGatherNd", "ResourceInitializedOp", "StatelessRandomGetAlg", "Timestamp", "VarHandleOp",
    "VarIsInitializedOp", "Variable", "VariableShape", "VariableV2", "XlaCallModule",
    # Arrays and stacks of loops, which exist only during a call.
    "Stack", "StackClose", "StackCloseV2", "StackPop", "StackPopV2", "StackPush", "StackPushV2", "StackV2",
    "TensorArray", "TensorArrayCloseV2", "TensorArrayCloseV3", "TensorArrayConcatV2", "TensorArrayConcatV3",
    "TensorArrayGatherV2", "TensorArrayGatherV3", "TensorArrayGrad", "TensorArrayGradV2", "TensorArrayGradV3",
    "TensorArrayGradWithShape", "TensorArrayReadV2", "TensorArrayReadV3", "TensorArrayScatterV2",
    "TensorArrayScatterV3", "TensorArraySizeV2", "TensorArraySizeV3", "TensorArraySplitV2", "TensorArraySplitV3",
    "TensorArrayV2", "TensorArrayV3", "TensorArrayWriteV2", "TensorArrayWriteV3",
})  # fmt: skip
"""Stateful operations that only read their state, or whose state is gone after the call."""

_HARMLESS = _READS | _CALLS | RANDOM


@cache
def writes(name: str) -> bool:
    """Whether an operation may have an effect that outlives the call: on a variable, a table, a queue, a file, a log.

    True for unknown operations, and for stateful ones that are not known to leave their state unchanged.
    """
    if name in _HARMLESS:
        return False
    known = op_def_registry.get(name)
    return known is None or known.is_stateful or any(arg.is_ref or arg.type == _RESOURCE for arg in known.input_arg)


def fills_table(name: str) -> bool:
    """Whether an operation fills a lookup table."""
    return name.startswith(_TABLE_FILLERS)


@cache
def alters(name: str) -> bool:
    """Whether an operation writes what a later call may read; False for printing and for filling tables."""
    return writes(name) and name not in _PRINTERS and not fills_table(name)


def varies(name: str) -> str:
    """Why an operation's results may differ between calls, as a verb; empty if they do not."""
    if name in RANDOM:
        return f"draws random numbers ({name})"
    return f"reads the clock ({name})" if name == _CLOCK else ""


def _kernels() -> dict[str, list[dict[str, frozenset[int]]]]:
    """Operation -> its CPU kernels -> attribute -> types that the kernel supports."""
    found: dict[str, list[dict[str, frozenset[int]]]] = defaultdict(list)
    for kernel in kernels.get_all_registered_kernels().kernel:
        if kernel.device_type in _HERE:
            found[kernel.op].append({
                constraint.name: frozenset(constraint.allowed_values.list.type) for constraint in kernel.constraint
            })  # fmt: skip
    return dict(found)


_KERNELS = _kernels()
"""Read once, before nodes are forked: 15,000 kernels take 0.05 s."""


def has_kernel(name: str, attributes: Mapping[str, Any]) -> bool:
    """Whether this machine's processor can run an operation.

    Args:
        name: of the operation.
        attributes: of the node, from its `NodeDef`. A type that only the function's caller knows counts as supported.
    """
    if name in _REWRITTEN:
        return True
    return any(
        all(_fits(attributes, attribute, types) for attribute, types in constraints.items())
        for constraints in _KERNELS.get(name, ())
    )


def _fits(attributes: Mapping[str, Any], name: str, types: frozenset[int]) -> bool:
    if not types or name not in attributes:
        return True
    value = attributes[name]
    kind = value.WhichOneof("value")
    if kind == "list":
        return types.issuperset(value.list.type)
    return kind != "type" or value.type in types
