"""What reading a configuration costs, counted in calls of Python functions: no other program moves that figure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from models import Artifact
from resources import platforms
from resources.deploy_errors import ArtifactError
from tests.resources.config.test_stack_config import ARTIFACT

VERSIONS = 10
"""Of each model."""


def declared(models: int) -> dict[str, str]:
    """A configuration with so many models, all of one artifact with two sets of parameters."""
    versions = {
        f"v{number}": {
            "artifact": "r",
            "parameters": {"width": number % 2},
            "runtimeVersion": "2.21",
            "machineType": "n1-standard-2",
            "autoScaling": {"minNodes": 1},
            "labels": {"number": str(number)},
        }
        for number in range(VERSIONS)
    }
    entries = {f"m{number}": {"defaultVersion": "v0", "versions": versions} for number in range(models)}
    return {"gcp:project": "demo", "gcp:region": "us-central1", "tf2-models:models": json.dumps(entries)}


def calls(work: Callable[[], object]) -> int:
    """How many Python functions it calls."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


class Resolver:
    """Finds the one artifact, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any] | None]] = []

    def __call__(self, name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> Artifact:
        """The artifact `r`."""
        del rebuild
        self.asked.append((name, parameters))
        if name != "r":
            raise ArtifactError(f"there is no recipe {name}")
        return ARTIFACT


def test_reading_a_configuration_grows_with_its_versions_and_no_faster() -> None:
    """From 50 to 100 versions and from 100 to 200: a version costs the same; it is cheap."""
    platforms.read(declared(1), Resolver())  # what is computed once is no part of it

    few, some, many = (calls(partial(platforms.read, declared(models), Resolver())) for models in (5, 10, 20))

    assert (many - some) / 100 == pytest.approx((some - few) / 50, rel=0.01)
    assert (many - some) / 100 < 1500


def test_an_artifact_is_found_once() -> None:
    """However many versions name it: its files are read, its recipe's digest is computed once."""
    resolver = Resolver()

    stack = platforms.read(declared(20), resolver)

    assert sorted(resolver.asked, key=str) == [("r", {"width": 0}), ("r", {"width": 1})]
    assert sum(len(model.versions) for model in stack.models) == 200
