"""What the state holds after a change that failed halfway on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine import Engine, write_program
from tests.running import RunningEmulator

pytestmark = pytest.mark.engine
UPDATE = "aiplatform.projects.locations.endpoints.update"
PROGRAM = """
import pulumi
from resources import vertex
hidden = pulumi.Output.secret
vertex.Endpoint(
    "e", endpoint="e", display_name="e", dedicated_endpoint_enabled=True, location="us-central1", DESCRIPTION
)
"""
OLD, NEW = "the-old-secret", "the-new-secret"
CHANGES = {"another secret": f"hidden({NEW!r})", "a plain text": "'plain'"}


@pytest.mark.parametrize("becomes", CHANGES)
def test_a_partial_failure_shows_no_secret(
    becomes: str, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """Neither the old nor the new one stands in the state or the output; the reason is one line and is stored."""
    program = write_program(tmp_path / "program", PROGRAM.replace("DESCRIPTION", f"description=hidden({OLD!r})"))
    engine = Engine(tmp_path / "engine", program)
    engine.write({"gcp:project": project, "gcp:region": "us-central1", "tf2-models:endpoint": emulator.endpoint})
    engine.up()
    change = f"description={CHANGES[becomes]}, client_connection_config={{'inference_timeout': '30s'}}"
    (program / "__main__.py").write_text(PROGRAM.replace("DESCRIPTION", change), encoding="utf-8")
    emulator.faults({"method": UPDATE, "status": 403, "message": f"{OLD}, {NEW}: no."})

    text = engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)

    emulator.faults()
    [reason] = engine.resources()["Endpoint e"]["initErrors"]
    assert reason in text
    assert "\n" not in reason
    assert UPDATE in reason
    assert reason.endswith("The state records what took effect")
    files = [file for file in (tmp_path / "engine" / "state").rglob("*.json") if file.is_file()]
    assert files
    for written in [text, *(file.read_text(encoding="utf-8") for file in files)]:
        assert OLD not in written
        assert becomes == "a plain text" or NEW not in written
    assert engine.up()["updated"] == 1
    assert engine.preview() == {}


def test_the_state_holds_what_took_effect(emulator: RunningEmulator, project: str, tmp_path: Path) -> None:
    """The new description, not the new timeout; the previous program is then one plain `up`, and so is the new one."""
    program = write_program(tmp_path / "program", PROGRAM.replace("DESCRIPTION", "description='one'"))
    engine = Engine(tmp_path / "engine", program)
    engine.write({"gcp:project": project, "gcp:region": "us-central1", "tf2-models:endpoint": emulator.endpoint})
    engine.up()
    change = "description='two', client_connection_config={'inference_timeout': '30s'}"
    (program / "__main__.py").write_text(PROGRAM.replace("DESCRIPTION", change), encoding="utf-8")
    emulator.faults({"method": UPDATE, "status": 403})
    engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)

    outputs = engine.resources()["Endpoint e"]["outputs"]
    assert (outputs["description"], "clientConnectionConfig" in outputs) == ("two", False)

    (program / "__main__.py").write_text(PROGRAM.replace("DESCRIPTION", "description='one'"), encoding="utf-8")
    assert engine.up()["updated"] == 1
    name = f"projects/{project}/locations/us-central1/endpoints/e"
    live = emulator.vertex().projects().locations().endpoints().get(name=name).execute()
    assert live["description"] == "one"
    engine.stack("refresh", "--skip-preview", "--expect-no-changes")
