"""Writes the table of the operations of the installed TensorFlow: `python -m tools.operation_table [FOLDER]`.

Writes MAJOR.MINOR.json into resources/runtimes/tables, or into FOLDER. It needs TensorFlow only, and also runs on the
Pythons of old TensorFlows: call it in a virtual environment that has nothing else (TensorFlow 2.11 needs Python 3.10
or older, and numpy<2; 2.15 needs 3.11 or older). Then name the table in tests/resources/runtimes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from resources.runtimes.operations import OPERATIONS, TABLES

LICENCE = "operation and attribute names of TensorFlow, (c) The TensorFlow Authors, Apache License 2.0"


def table() -> tuple[str, dict[str, str]]:
    """The version of TensorFlow, and its operations: name -> names of the attributes, separated by spaces."""
    import tensorflow
    from tensorflow.core.framework import op_def_pb2
    from tensorflow.python.client import pywrap_tf_session as session

    registry = op_def_pb2.OpList.FromString(session.TF_GetBuffer(session.TF_GetAllOpList()))
    found = {each.name: " ".join(sorted(attribute.name for attribute in each.attr)) for each in registry.op}
    return tensorflow.__version__, dict(sorted(found.items()))


def text(version: str, operations: dict[str, str]) -> str:
    """The text of a table: one operation in each line."""
    lines = ",\n".join(f"{json.dumps(name)}:{json.dumps(attributes)}" for name, attributes in operations.items())
    head = f'"tensorflow":{json.dumps(version)},\n"licence":{json.dumps(LICENCE)}'
    return f'{{{head},\n"{OPERATIONS}":{{\n{lines}\n}}}}\n'


def main() -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.operation_table", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=TABLES, metavar="FOLDER")
    folder: Path = parser.parse_args().folder
    version, operations = table()
    path = folder / f"{'.'.join(version.split('.')[:2])}.json"
    path.write_text(text(version, operations), encoding="utf-8")
    print(f"wrote {path}: {len(operations)} operations of TensorFlow {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
