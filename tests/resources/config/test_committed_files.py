"""What is committed beside the code: `Pulumi.yaml`, and the stack files."""

from __future__ import annotations

import json
from typing import Literal

import pytest
import yaml

from resources import platforms
from resources.schema import types
from tests.resources.config.test_stack_config import ARTIFACT
from tests.running import ROOT


@pytest.mark.parametrize("platform", ["ml", "vertex"])
def test_pulumi_yaml_declares_every_key_with_its_type_and_a_description(platform: str) -> None:
    """The engine's own check, `pulumi config` and the program agree."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    kinds = {str: "string", bool: "boolean", int: "integer", Literal["ml", "vertex"]: "string"}
    by_endpoint = {"retrySeconds", "callsPerMinute"}
    expected = {
        f"tf2-models:{name}": None if name in by_endpoint else kinds.get(kind, "object")
        for name, kind in types.members(platforms.chosen({platforms.KEY: platform}).keys).items()
    }

    assert {key: facts.get("type") for key, facts in declared.items()} == expected
    assert {declared[f"tf2-models:{name}"]["default"] for name in by_endpoint} == {""}
    assert all(facts["description"] for facts in declared.values())


@pytest.mark.parametrize("stack_name", ["local", "vertex", "staging", "prod", "legacy"])
def test_every_stack_that_is_committed_can_be_read(stack_name: str) -> None:
    """A stack that is shown as an example is right."""
    values = yaml.safe_load((ROOT / f"Pulumi.{stack_name}.yaml").read_text(encoding="utf-8"))["config"]
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}

    read = platforms.read(plain, lambda name, parameters, rebuild: ARTIFACT)

    assert read.models
