"""Fields in `ResourceOptions`: Python's names become the API's; what is below is translated by its type, or stays."""

from __future__ import annotations

import pytest

from resources.engine.option_names import translate
from resources.ml.schema import VERSION
from resources.schema.fields import Schema
from resources.storage.schema import BUCKET


@pytest.mark.parametrize(
    ("schema", "path", "expected"),
    [
        (VERSION, "machine_type", "machineType"),
        (VERSION, "machineType", "machineType"),
        (VERSION, "auto_scaling.min_nodes", "autoScaling.minNodes"),
        (VERSION, 'auto_scaling["min_nodes"]', 'autoScaling["minNodes"]'),
        (VERSION, "labels.my_team", "labels.my_team"),
        (VERSION, 'labels["my.team"]', 'labels["my.team"]'),
        (VERSION, "container.env[0].value", "container.env[0].value"),
        (VERSION, "*", "*"),
        (BUCKET, "lifecycle.rule[*].condition.created_before", "lifecycle.rule[*].condition.createdBefore"),
    ],
)
def test_translated(schema: Schema, path: str, expected: str) -> None:
    """Paths keep their form."""
    assert translate(schema, "ignore_changes", [path], "V('v')") == ([expected], [])


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("machine_typ", "'machine_typ': machine_typ is not a field; did you mean machine_type? The keys are"),
        ("auto_scaling.least", "'auto_scaling.least': least is not a field; the keys are"),
        ("description.x", "'description.x': x is not a field: this value has no fields"),
    ],
)
def test_refused(path: str, reason: str) -> None:
    """The option, the path and the part that is wrong."""
    [(where, found)] = translate(VERSION, "ignore_changes", [path], "V('v')").failures

    assert where == "V('v').ignore_changes"
    assert found.startswith(reason)
