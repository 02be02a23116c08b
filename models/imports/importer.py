"""Imports: copies the bytes of a SavedModel to `build/NAME/CONTENT_DIGEST`, and writes its card.

Like a build, an import is written to a hidden folder and renamed when it is complete. Only one import of a name runs at
a time.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from artifact_format.manifest import MANIFEST, Artifact
from artifact_format.signatures import default_key, named
from command_line import pluralize
from models.artifacts import imported, manifests
from models.artifacts.input_digest import DIGITS
from models.artifacts.resolve import read_folder
from models.artifacts.whole_files import complete_card, lock, partial_of, write_card
from models.builder.progress import Display
from models.builder.worker_client import run_module
from models.core.errors import BuildError, FolderError, UsageError
from models.core.paths import build_folder, card_path
from models.core.registry import is_name, recipe_names
from models.imports import samples as sampling
from models.imports.samples import Samples
from models.saved_model.folder_content import GRAPH, read_content, sha256

KERAS = ".keras"
_LEGACY = (".h5", ".hdf5")
_CONVERTER = "models.imports.keras_conversion"


class ImportRequest(NamedTuple):
    """What to import.

    Attributes:
        source: a SavedModel's folder, or a `.keras` file.
        name: its name in stack files.
        samples: the user's; empty if there are none.
        ask: whether the model makes samples if there are none. Default: it does.
    """

    source: Path
    name: str
    samples: Samples = ()
    ask: bool = True


class Imported(NamedTuple):
    """The result of `import_model`.

    Attributes:
        artifact: the facts of the imported artifact.
        copied: whether its bytes were copied now.
        card_written: whether the card was written now.
        samples_from: the source of the samples, in words; empty if they are not new.
        card_completed: whether the operations were added to the card now.
    """

    artifact: Artifact
    copied: bool
    card_written: bool
    samples_from: str = ""
    card_completed: bool = False


def import_model(request: ImportRequest, root: Path, display: Display) -> Imported:
    """Copies the bytes of a SavedModel and writes its card, unless they exist.

    Raises:
        UsageError: the name is invalid or taken by a recipe, the source does not exist, or the user's samples do not
            match.
        ModelsError: the SavedModel, the conversion, the model's predictions or the disk does not allow it, or the bytes
            of an imported Keras file are on another machine. No incomplete files are left.
    """
    _check_name(request.name, root)
    place = build_folder(root, request.name, "import")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with lock(place, display, f"another import of {request.name}"):
            return _Import(request, root, display, partial_of(place)).run()
    except OSError as error:
        where = error.filename or place.parent
        raise BuildError(
            f"{request.name}: {where} cannot be written: {error.strerror or error}; free space, or make it "
            "writable, then rerun the command"
        ) from error


def _check_name(name: str, root: Path) -> None:
    if not is_name(name):
        raise UsageError(f"--name {name}: must be lower-case letters, digits and _, starting with a letter")
    if name in recipe_names(root):
        raise UsageError(f"--name {name}: is the name of a recipe, models/{name}.py; choose another name")
    cards = {path.stem for path in card_path(root, name, "*").parent.glob("*.json")}
    if others := cards - {*imported.carded(root, name)}:
        raise UsageError(
            f"--name {name}: models/cards/{name}/{min(others)}.json is the card of a former recipe with this name; "
            "choose another name"
        )


class _Import:
    """One running import."""

    def __init__(self, request: ImportRequest, root: Path, display: Display, partial: Path) -> None:
        self._request, self._root, self._display, self._partial = request, root, display, partial
        self._samples_from = ""

    def run(self) -> Imported:
        shutil.rmtree(self._partial, ignore_errors=True)
        try:
            if self._request.source.suffix == KERAS and not self._request.source.is_dir():
                return self._of_keras(self._request.source)
            return self._of_folder(read_folder(self._folder()))
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def _folder(self) -> Path:
        """The source folder. Raises `UsageError` if it is a file or does not exist."""
        source = self._request.source
        if source.parts[:1] == ("gs:",) and not source.exists():
            raise UsageError(
                f"gs://{'/'.join(source.parts[1:])}: must be a local folder or {KERAS} file; a stack file can use "
                "a SavedModel in a bucket without an import: artifact: gs://BUCKET/FOLDER/"
            )
        if source.suffix in _LEGACY:
            raise UsageError(
                f"{source}: is a legacy HDF5 file; convert it with the version of Keras that wrote it: "
                f'keras.models.load_model("{source.name}").save("{source.stem}{KERAS}"), or export a SavedModel'
            )
        if source.is_file():
            hint = f"; use its folder, {source.parent}" if source.name.startswith(GRAPH) else ""
            raise UsageError(f"{source}: must be the folder of a SavedModel or a {KERAS} file{hint}")
        if not source.exists():
            raise UsageError(f"{source}: folder not found")
        return source

    def _of_keras(self, file: Path) -> Imported:
        """Imports a Keras file. An imported file is not converted again, because that would give different bytes."""
        digest, name = _file_digest(file), self._request.name
        for content in {*imported.carded(self._root, name), *imported.kept(self._root, name)}:
            known = _whole(build_folder(self._root, name, content)) or self._card(content)
            if known and known.input_digest == digest:
                return self._kept(known)
        self._display.line(f"{name}: exporting {file.name}")
        version = _convert(file, self._partial, self._root)
        facts = replace(read_folder(self._partial), input_digest=digest, keras=version)
        return self._finish(facts)

    def _of_folder(self, facts: Artifact) -> Imported:
        known = _whole(build_folder(self._root, self._request.name, facts.content_digest))
        if known:
            return self._kept(known)
        self._display.line(f"{self._request.name}: copying {pluralize(len(facts.files), 'file')}, {facts.size} bytes")
        beside = [MANIFEST] if (self._request.source / MANIFEST).is_file() else []  # it may list such files
        for name in (*facts.files, *beside):
            (self._partial / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._request.source / name, self._partial / name)
        if read_content(self._partial).digest != facts.content_digest:
            raise FolderError(f"{self._request.source}: changed while it was copied; import it again")
        return self._finish(facts)

    def _finish(self, facts: Artifact) -> Imported:
        """Moves the partial folder to its final path, with its manifest, then writes the card."""
        folder = build_folder(self._root, self._request.name, facts.content_digest)
        card = self._card(facts.content_digest)
        samples = named(self._samples(facts, card), facts.signatures)
        facts = replace(facts, folder=folder, samples=samples, name=self._request.name)
        text = manifests.manifest_text(facts)
        (self._partial / MANIFEST).write_text(text, encoding="utf-8")
        if folder.exists():  # it is damaged
            shutil.rmtree(folder)
        self._partial.rename(folder)
        return self._carded(facts, copied=True)

    def _carded(self, facts: Artifact, *, copied: bool) -> Imported:
        path = card_path(self._root, self._request.name, facts.content_digest)
        written, completed = write_card(facts, path), complete_card(facts, path)
        done = Imported(facts, copied=copied, card_written=written, card_completed=completed)
        return done._replace(samples_from=self._samples_from)

    def _kept(self, known: Artifact) -> Imported:
        """The result for an existing import. Raises `BuildError` if only its card exists, without bytes to deploy."""
        name, digest = self._request.name, known.content_digest
        if known.folder is None:
            source = self._request.source
            raise BuildError(
                f"{name}: {source.name} was imported on another machine, as {name}@{digest}: its card is here, but not "
                "its bytes, and Keras would export different ones. On the machine with the bytes, run: "
                f"python -m models push {name}@{digest} --to gs://BUCKET, and set tf2-models:artifactSource: "
                f"gs://BUCKET in the stack file. Or copy the folder build/{name}/{digest} from there"
            )
        self._check_samples(known)
        return self._carded(known, copied=False)

    def _samples(self, facts: Artifact, card: Artifact | None) -> Samples:
        """The user's samples, else those of the card or the source's manifest, else generated ones."""
        given, name = self._request.samples, self._request.name
        if card:
            self._check_samples(card)
        if given:
            _check_asked(name, facts)
        if given and "prediction" in given[0]:
            sampling.check(given, facts.signatures)
            self._samples_from = "the file"
            return given
        if not given and card:
            return card.samples
        if not self._request.ask:
            return ()
        if not given and facts.samples:
            self._samples_from = f"its {MANIFEST}"
            return facts.samples
        _check_asked(name, facts)
        self._display.line(f"{name}: predicting samples")
        try:
            samples, self._samples_from = sampling.answer(self._partial, given, self._root)
        except BuildError as error:
            raise BuildError(
                f"{name}: {error}. Give samples that it can predict with --samples FILE, or use --no-samples"
            ) from None
        return samples

    def _check_samples(self, known: Artifact) -> None:
        given = named(self._request.samples, known.signatures)
        if given and not sampling.are_alike(given, known.samples, all_known=known.folder is not None):
            sampling.check(self._request.samples, known.signatures)
            name, digest = self._request.name, known.content_digest
            raise BuildError(
                f"{name}@{digest}: already imported with different samples; to import it with these, remove "
                f"models/cards/{name}/{digest}.json and build/{name}/{digest}. A bucket that already has this content "
                "keeps its samples: if it was deployed or pushed, set gate.samples: FILE in the stack file to use "
                "these"
            )

    def _card(self, content: str) -> Artifact | None:
        path = card_path(self._root, self._request.name, content)
        return manifests.read(path) if path.is_file() else None


def _check_asked(name: str, facts: Artifact) -> None:
    """Raises `BuildError` if the model has no default signature, which the requests of a gate use."""
    signatures = facts.signatures
    if (default := default_key(signatures)) not in signatures:
        found = f"it has {', '.join(signatures)}" if signatures else "it has none"
        raise BuildError(
            f"{name}: has no signature {default}; {found}. A gate sends requests without a signature_name, so it "
            "cannot use samples: import it with --no-samples"
        )


def _whole(folder: Path) -> Artifact | None:
    """The artifact in a folder, with verified bytes; None if it does not exist or is damaged."""
    try:
        return read_folder(folder) if (folder / MANIFEST).is_file() else None
    except FolderError:
        return None


def _file_digest(file: Path) -> str:
    """The input digest of a converted Keras file."""
    if not file.is_file():
        raise UsageError(f"{file}: file not found")
    return hashlib.sha256(f"file {KERAS}\n{sha256(file)}".encode()).hexdigest()[:DIGITS]


def _convert(file: Path, folder: Path, root: Path) -> str:
    """Exports a Keras file into a folder, in a separate process; returns the version of Keras."""
    try:
        output = run_module(_CONVERTER, str(file.absolute()), str(folder.absolute()), root=root)
    except BuildError as error:
        raise BuildError(
            f"{file}: Keras cannot export it: {error}. Export it in its own environment: "
            f'model.export("exports/{file.stem}"), and import that folder'
        ) from None
    return str(json.loads(output)["keras"])
