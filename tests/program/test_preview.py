"""The golden output of `pulumi preview --diff`, and errors in one line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import saved_models
from tests.engine import Engine, write_program
from tests.program.test_lifecycle import configuration
from tests.providers import saved_model_inputs
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine]

GOLDEN = Path(__file__).parent / "golden" / "saved_model.txt"
PROGRAM = """
import json, pathlib
import pulumi
from resources import storage

bucket = storage.Bucket("bucket", name="golden-models")
for name, inputs in json.loads(pathlib.Path("declared.json").read_text()).items():
    storage.SavedModel(name, pulumi.ResourceOptions(depends_on=[bucket]), **inputs)
"""
INPUTS = {"image": "float32[?, 28, 28]"}
FACTS = {
    "recipe": "classifier",
    "parameters": {"epochs": 5, "width": 128},
    "inputDigest": "aaaaaaaaaaaaaaaa",
    "contentDigest": "1111111111111111",
    "tensorflow": "2.20.0",
    "signatures": {
        "serving_default": {"inputs": {"image": "float32[?, 28, 28]"}, "outputs": {"softmax": "float32[?, 10]"}}
    },
    "metrics": {"accuracy": 0.8655},
    "size": 277,
}
CHANGED = {
    "parameters": {"epochs": 5, "width": 256},
    "inputDigest": "bbbbbbbbbbbbbbbb",
    "contentDigest": "2222222222222222",
    "tensorflow": "2.21.0",
    "signatures": {
        "serving_default": {"inputs": {"image": "float32[?, 28, 28]"}, "outputs": {"scores": "float32[?, 10]"}}
    },
    "metrics": {"accuracy": 0.874, "loss": 0.3653},
    "size": 278,
}


def test_preview_shows_changes_of_signatures_metrics_size_and_tensorflow(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """`pulumi preview --diff` of a new artifact that replaces an old one prints exactly the golden file."""
    program = write_program(tmp_path / "program", PROGRAM)
    folder = saved_models.write(program / "model")
    engine = Engine(tmp_path / "engine", program)
    engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint})

    def declare(facts: dict[str, Any]) -> None:
        prefix = f"classifier/{facts['contentDigest']}"
        inputs = {**saved_model_inputs(folder, "golden-models", prefix), "source": "model", **facts}
        written = json.dumps({prefix.replace("/", "-"): inputs})
        (program / "declared.json").write_text(written, encoding="utf-8")

    declare(FACTS)
    engine.up()
    declare({**FACTS, **CHANGED})
    shown = normalized(engine.stack("preview", "--diff"))
    engine.stack("destroy", "--suppress-progress")

    assert shown == GOLDEN.read_text(encoding="utf-8"), f"if the change is meant, write this to {GOLDEN.name}:\n{shown}"


def normalized(text: str) -> str:
    """The output without the parts that differ from run to run."""
    lines = [line.rstrip() for line in text.splitlines() if not line.startswith(("Previewing", "Loading", "@"))]
    return re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip() + "\n"


def test_all_wrong_keys_are_reported_at_once_without_a_traceback(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Each error starts with the key's full path; nothing is registered."""
    engine = Engine(tmp_path / "engine")
    config = configuration(emulator, project, tmp_path)
    config["tf2-models:models"]["mult"]["versions"]["v1"]["autoScaling"] = {"minNodes": 0, "maxNode": 2}
    config["tf2-models:models"]["mult"]["defaultVersion"] = "v9"
    config["tf2-models:bucket"] = {"name": "Bucket"}
    engine.write(config)

    text = engine.stack("up", "--skip-preview", fails=True)

    scaling = "models.mult.versions.v1.autoScaling"
    for path in ("bucket.name", "models.mult.defaultVersion", f"{scaling}.minNodes", f"{scaling}.maxNode"):
        assert f"\n    tf2-models:{path}: " in text, text
    assert "Traceback" not in text
    assert engine.resources().keys() <= {"Stack tf2-models-test"}


def test_up_without_a_preview_checks_everything_local_before_its_first_call(
    emulator_factory: Callable[..., RunningEmulator], project: str, tmp_path: Path
) -> None:
    """It reports a wrong key, a damaged SavedModel, a missing card and invalid samples together, without a call."""
    emulator, engine = emulator_factory(), Engine(tmp_path / "engine")
    config = configuration(emulator, project, tmp_path)
    versions = config["tf2-models:models"]["mult"]["versions"]
    (Path(versions["v1"]["artifact"]) / "saved_model.pb").write_bytes(b"\x0a\xff")
    versions["v2"]["artifact"] = "fashion_mnist@0123456789abcdef"
    (tmp_path / "samples.json").write_text('[{"instance": 1}]', encoding="utf-8")
    config["tf2-models:models"]["mult"]["gate"] = {"samples": str(tmp_path / "samples.json")}
    good = {**versions["v1"], "artifact": "gs://bucket/folder", "autoScaling": {"minNode": 1}}
    config["tf2-models:models"]["zzz"] = {"defaultVersion": "v1", "versions": {"v1": good}}
    engine.write(config)

    text = engine.stack("up", "--skip-preview", fails=True)

    for path, reason in (
        ("mult.gate.samples", r"samples\.json' must be a list of .* \[0\] is not"),
        ("mult.versions.v1.artifact", r"saved_model\.pb: is not a SavedModel, or is truncated"),
        ("mult.versions.v2.artifact", "card not found"),
        ("zzz.versions.v1.autoScaling.minNode", "is not a key here"),
    ):
        assert re.search(rf"\n    tf2-models:models\.{re.escape(path)}: .*{reason}", text), text
    assert "Traceback" not in text
    assert emulator.calls() == {}
    assert engine.resources().keys() <= {"Stack tf2-models-test"}


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("options", "edit", "said"),
    [
        pytest.param(
            ["--sunset"],
            {},
            r"create model projects/\S+/models/mult: Cloud AI Platform has been deprecated\. "
            r".* \(ml\.projects\.models\.create: 400 INVALID_ARGUMENT\)\. .*set tf2-models:endpoint",
            id="the API is sunset",
        ),
        pytest.param(
            [],
            {"tf2-models:endpoint": "http://127.0.0.1:9"},
            r"create bucket \S+: no response from \S+:9 to storage\.buckets\.insert "
            r"\(is the emulator up\? `python -m emulator up --port 9`\)",
            id="no emulator",
        ),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(
    emulator_factory: Callable[..., RunningEmulator],
    project: str,
    tmp_path: Path,
    options: list[str],
    edit: dict[str, str],
    said: str,
) -> None:
    """The line has the resource, the cause and the next step; there is no traceback."""
    engine = Engine(tmp_path / "engine")
    engine.write({**configuration(emulator_factory(*options), project, tmp_path), **edit})

    text = engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)

    assert re.search(said, text), text
    assert "Traceback" not in text
