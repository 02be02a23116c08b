"""What an older TensorFlow can load: the rule, and its tables."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models.artifacts.manifests import read as read_card
from resources.runtimes.operations import OPERATIONS, TABLES, newer_failure
from tests.running import BOUND, ROOT
from tools import operation_table

NEW = "2.21.0"
CARDS = sorted((ROOT / "models/cards").glob("*/*.json"))
LEAST = {"2.11": 1_300, "2.15": 1_300}
"""Table -> the least number of operations that it must have."""


@pytest.mark.parametrize("runtime", LEAST)
@pytest.mark.parametrize("card", CARDS, ids=[f"{card.parent.name}/{card.stem}" for card in CARDS])
def test_the_committed_cards_can_be_loaded_by_older_tensorflows(card: Path, runtime: str) -> None:
    """Without `allowNewerTensorFlow`: every operation and attribute is known there."""
    facts = read_card(card)

    assert len(facts.operations) > 10
    assert newer_failure(facts.tensorflow, runtime, facts.operations) == ""


@pytest.mark.parametrize("runtime", LEAST)
def test_an_artifact_without_operations_is_refused(runtime: str) -> None:
    """A card of an earlier release has none. The reason says how to add them."""
    facts = replace(read_card(CARDS[0]), operations={})

    reason = newer_failure(facts.tensorflow, runtime, facts.operations)

    assert f"TensorFlow {runtime} is older than TensorFlow {NEW}" in reason
    assert "its card lacks the operations of the graph, which `python -m models build` or `import` adds" in reason
    assert reason.endswith("; allowNewerTensorFlow: true tries it")


@pytest.mark.parametrize("runtime", ["2.10", "2.14", "2.17", "1.15"])
def test_without_a_table_an_older_tensorflow_is_refused(runtime: str) -> None:
    """Also an artifact whose operations are known."""
    reason = newer_failure(NEW, runtime, {"Mul": []})

    assert reason.startswith(f"TensorFlow {runtime} is older than TensorFlow {NEW}")
    assert "card" not in reason


@pytest.mark.parametrize(
    ("made", "runtime"),
    [(NEW, "2.21"), ("2.11.1", "2.11"), ("2.9.0", "2.11"), ("", "2.11"), ("unknown", "2.11"), (NEW, "x"), (NEW, None)],
)
def test_only_a_newer_artifact_is_compared(made: str, runtime: object) -> None:
    """One of the same or an older TensorFlow is accepted, and so is one of which nothing is known."""
    assert newer_failure(made, runtime, {"SomethingElse": ["x"]}) == ""


def test_a_reason_names_what_is_unknown() -> None:
    """Operations, and attributes with their operation; of many, the first five and the number of the others."""
    some = newer_failure(NEW, "2.15", {"Mul": [], "DecodeWebP": [], "GatherNd": ["bad_indices_policy"]})
    many = newer_failure(NEW, "2.15", {f"New{number}": [] for number in range(8)})

    assert some == (
        "TensorFlow 2.15 does not have DecodeWebP and the attribute bad_indices_policy of GatherNd, which the artifact "
        "uses (exported by TensorFlow 2.21.0); allowNewerTensorFlow: true tries it"
    )
    assert many.startswith("TensorFlow 2.15 does not have New0, New1, New2, New3, New4 and 3 more, which")


def test_an_unknown_attribute_without_effect_is_accepted() -> None:
    """Every variable that TensorFlow 2.21 exports has a `debug_name`, which 2.11 does not have."""
    assert newer_failure(NEW, "2.11", {"VarHandleOp": ["debug_name", "shared_name"]}) == ""
    assert "the attribute other of VarHandleOp" in newer_failure(NEW, "2.11", {"VarHandleOp": ["debug_name", "other"]})


@pytest.mark.parametrize("runtime", LEAST)
def test_a_committed_table_is_what_the_command_writes(runtime: str) -> None:
    """To the byte, with the version and the licence of its source; and it is small."""
    content = (TABLES / f"{runtime}.json").read_text(encoding="utf-8")
    facts = json.loads(content)

    assert operation_table.text(facts["tensorflow"], facts[OPERATIONS]) == content
    assert facts["tensorflow"].startswith(f"{runtime}.")
    assert "Apache License 2.0" in facts["licence"]
    assert len(facts[OPERATIONS]) > LEAST[runtime]
    assert "transpose_b" in facts[OPERATIONS]["MatMul"].split()
    assert len(content) < 120_000


def test_every_table_is_tested() -> None:
    """There are no others."""
    assert {path.stem for path in TABLES.iterdir()} == LEAST.keys()


@pytest.mark.tensorflow
def test_the_command_reads_the_registry_of_the_installed_tensorflow(tmp_path: Path) -> None:
    """It has what the committed tables have, since operations of graphs stay, and more."""
    target = tmp_path / "tables"
    target.mkdir()
    command = [sys.executable, "-m", "tools.operation_table", str(target)]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=True)

    [written] = target.iterdir()
    today = json.loads(written.read_text(encoding="utf-8"))
    assert f"{len(today[OPERATIONS])} operations of TensorFlow {today['tensorflow']}" in done.stdout
    for runtime in LEAST:
        older = json.loads((TABLES / f"{runtime}.json").read_text(encoding="utf-8"))[OPERATIONS]
        gone = set(older) - set(today[OPERATIONS])
        assert {name for name in gone if not name.startswith("_")} <= {"TfLiteSubgraphExecute"}
        assert len(today[OPERATIONS]) > len(older)
    assert "bad_indices_policy" in today[OPERATIONS]["GatherNd"].split()
