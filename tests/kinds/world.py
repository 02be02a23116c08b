"""What surrounds a resource under test: a project, the files on this machine, and what exists before."""

from __future__ import annotations

import json
from pathlib import Path

from resources.engine.provider import Provider
from tests.emulator import saved_models
from tests.providers import State, as_engine, configured, saved_model_inputs
from tests.running import RunningEmulator

SAMPLES = [{"instance": 1.5, "prediction": 3.0}]
_FILES: dict[str, dict[str, str]] = {
    "one": {"rows.json": "1\n2\n"},
    "two": {"rows.json": "3\n4\n"},
    "three": {"rows.json": "1\n2\n", "more.txt": "more"},
    "sampled": {"rows.json": "1\n2\n", "manifest.json": json.dumps({"samples": SAMPLES})},
}
"""SavedModel on this machine -> its files beside the model: the second has other rows than the first, ..."""


class World:
    """A project of its own on the shared emulator.

    Attributes:
        folder: the SavedModel `one`, which tests may edit.
        existing: the IDs of what `Kind.prepare` made.
    """

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.project, self.bucket, self.model = emulator, project, f"{project}-models", "m"
        self.write_files(folder)

    def write_files(self, folder: Path) -> None:
        """Writes the SavedModels and the samples on this machine."""
        self._files, self.folder, self.existing = folder, folder / "one", set[str]()
        for name, files in _FILES.items():
            saved_models.write(folder / name)
            for file, text in files.items():
                (folder / name / file).write_text(text, encoding="utf-8")
        (folder / "samples.json").write_text(json.dumps(SAMPLES), encoding="utf-8")

    def names(self) -> State:
        """What the `<...>` of the kinds stand for; the files as they are now."""
        found: State = {"<project>": self.project, "<bucket>": self.bucket, "<model>": self.model}
        found["<samples>"] = str(self._files / "samples.json")
        for name in _FILES:
            files = saved_model_inputs(self._files / name, "", "")["files"]
            crcs = {f"<crc {name} {path}>": facts["crc32c"] for path, facts in files.items()}
            found |= {f"<{name}>": str(self._files / name), f"<files {name}>": files, **crcs}
        spelled = reversed(found["<files one>"].items())
        return {**found, "<files spelled>": {path: {**facts, "size": float(facts["size"])} for path, facts in spelled}}

    def provider(self, kind: type[Provider]) -> Provider:
        """The provider of a kind, as the engine runs it."""
        return configured(kind, self.emulator.endpoint)

    def labelled(self, inputs: State) -> State:
        """The inputs, or an edit of them, with the labels that everything here must have: none."""
        return inputs

    def made(self, kind: type[Provider], inputs: State) -> State:
        """A resource that exists before the one under test."""
        outs = self.provider(kind).create(as_engine(inputs)).outs
        assert outs is not None
        return outs
