"""The contract on a real project of Google's. It has never run there; the same code runs here on the emulator.

`TF2_MODELS_CONTRACT_PROJECT=PROJECT pytest -s tests/contract/test_real_project.py`, with application default
credentials. Versions, defaults, splits and jobs are left out: they need nodes, which cost.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.contract import real_project
from tests.contract.test_contract import keeps_contract
from tests.kinds.ml.model import MODEL
from tests.kinds.storage.bucket import BUCKET
from tests.kinds.storage.saved_model import SAVED_MODEL
from tests.kinds.table import KINDS
from tests.providers import State, as_engine
from tests.running import RunningEmulator

NAMES = ("storage.Bucket", "storage.SavedModel", "ml.Model")
PROJECT = os.environ.get(real_project.PROJECT_VARIABLE, "")


@pytest.mark.skipif(not PROJECT, reason=f"never run so far: set {real_project.PROJECT_VARIABLE}")
@pytest.mark.parametrize("name", NAMES)
def test_google_keeps_the_contract(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Create, read, patch, refuse, replace and delete twice, as on the emulator."""
    with capsys.disabled():
        print(f"\n{name} on project {PROJECT}: all of these tests cost {real_project.COST}")
    with real_project.cleaned_world(PROJECT, tmp_path) as world:
        keeps_contract(KINDS[name], world)


@pytest.mark.parametrize("name", NAMES)
def test_what_runs_on_a_real_project_runs_on_the_emulator(
    name: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """With random names, and the label on everything, which a patch of labels keeps."""
    with real_project.cleaned_world(project, tmp_path, emulator.endpoint) as world:
        keeps_contract(KINDS[name], world)


def test_only_what_has_the_label_is_cleaned_up(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """A run that crashed leaves a bucket with objects and a model: the next run deletes them, and nothing of others."""
    crashed = real_project.RealWorld(project, emulator.endpoint, tmp_path)
    for kind in (SAVED_MODEL, MODEL):
        crashed.made(kind.provider, kind.declare(crashed))
    others: State = {"project": project, "name": f"{project}-others", "labels": {"team": "a"}}
    crashed.made(BUCKET.provider, others)

    real_project.clean(project, emulator.endpoint)

    found = emulator.storage().buckets().list(project=project).execute()["items"]
    assert [bucket["name"] for bucket in found] == [others["name"]]
    assert emulator.ml().projects().models().list(parent=f"projects/{project}").execute() == {}
    crashed.provider(BUCKET.provider).delete(others["name"], as_engine(others))
