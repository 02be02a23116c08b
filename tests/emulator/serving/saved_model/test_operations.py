"""What is known of TensorFlow's operations, asked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.running import BOUND, ROOT

pytestmark = pytest.mark.tensorflow
_WRITE = [
    "ApplyAdam", "Assign", "AssignVariableOp", "InitializeTableV2", "IteratorGetNext", "LookupTableInsertV2",
    "LookupTableImportV2", "NoSuchOperation", "Print", "PrintV2", "PyFunc", "QueueEnqueueV2", "ResourceApplyAdam",
    "ResourceScatterUpdate", "RestoreV2", "RngReadAndSkip", "SaveV2", "ScatterUpdate", "StatefulUniform",
    "WriteFile", "WriteScalarSummary",
]  # fmt: skip
_READ = [
    "Assert", "HashTableV2", "Identity", "If", "LookupTableFindV2", "MatMul", "PartitionedCall", "Placeholder",
    "RandomUniform", "ReadFile", "ReadVariableOp", "ResourceGather", "StatefulPartitionedCall", "StatelessIf",
    "StatelessRandomUniformV2", "TensorArrayWriteV3", "TensorListSetItem", "VarHandleOp", "VariableV2", "While",
]  # fmt: skip
_ASK = """
import json, sys
from emulator.serving.saved_model import operations
from tensorflow.core.framework.attr_value_pb2 import AttrValue
names = json.load(sys.stdin)
kernels = [("MatMul", 1), ("MatMul", 7), ("CudnnRNN", 1), ("AccumulateNV2", 1), ("NoSuchOperation", 1)]
print(json.dumps({
    "writes": [name for name in names if operations.writes(name)],
    "unknown": sorted(operations._HARMLESS - set(operations._KERNELS) - {"XlaCallModule"}),
    "kernels": [operations.has_kernel(name, {"T": AttrValue(type=kind)}) for name, kind in kernels],
}))
"""


def test_what_may_write_is_told_from_what_reads() -> None:
    """Unknown operations count as writing; those that only read are operations of this TensorFlow; types count."""
    command = [sys.executable, "-c", _ASK]
    given = json.dumps(_WRITE + _READ)

    done = subprocess.run(command, cwd=ROOT, input=given, capture_output=True, text=True, check=True, timeout=BOUND)

    found = json.loads(done.stdout)
    assert found["writes"] == _WRITE
    assert found["unknown"] == []
    assert found["kernels"] == [True, False, False, True, False]
