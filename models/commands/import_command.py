"""`python -m models import`: its options and output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from models.artifacts import imported
from models.artifacts.artifact import Artifact
from models.builder.progress import display, pluralize
from models.core.paths import card_path
from models.imports.importer import Imported, ImportRequest, import_model
from models.imports.samples import read_samples

_DESCRIPTION = """\
Imports a SavedModel made elsewhere into the project. Its files are kept in build/NAME/CONTENT_DIGEST/, and its card,
models/cards/NAME/CONTENT_DIGEST.json, is written: commit it. Stack files then say artifact: NAME, and are previewed on
machines that do not have the files. A .keras file is exported first, by Keras itself.

Samples are what a gate asks a new version. Without --samples they are the export's own warm-up requests, or generated
from its signature, with the model's own answers. The predictions of a FILE are checked against the signature,
not against the model.
"""
_EXAMPLES = """\
examples:
  python -m models import ./exports/churn --name churn
  python -m models import ./exports/churn --name churn --samples samples.json
  python -m models import churn.keras --name churn
  python -m models import ./exports/ranker --name ranker --no-samples
  python -m models push churn --to gs://my-models            puts it where other machines find it

samples.json: [{"instance": ..., "prediction": ..., "label": ...}, ...]; the label may be left out, and the predictions
too: then the model is asked. A list of bare instances and {"instances": [...]} are taken, too.

"""


def add_import(commands: Any, epilog: str) -> None:
    """Adds the command to those of `python -m models`."""
    take = commands.add_parser(
        "import",
        help="import a SavedModel made elsewhere",
        description=_DESCRIPTION,
        epilog=_EXAMPLES + epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    take.add_argument("source", metavar="PATH", type=Path, help="a SavedModel's folder, or a .keras file")
    take.add_argument("--name", required=True, help="its name in stack files: small letters, digits and _")
    samples = take.add_mutually_exclusive_group()
    samples.add_argument("--samples", metavar="FILE", type=Path, help="sample instances, as JSON")
    samples.add_argument("--no-samples", action="store_true", help="have none, and do not ask the model")


def run_import(options: argparse.Namespace, root: Path) -> None:
    """Imports what the options name and says what was done. Raises `ModelsError`."""
    samples = read_samples(options.samples) if options.samples else ()
    request = ImportRequest(options.source, options.name, samples, ask=not options.no_samples)
    with display(sys.stderr) as shown:
        done = import_model(request, root, shown)
    for line in _lines(options.name, done, root):
        print(line)


def _lines(name: str, done: Imported, root: Path) -> list[str]:
    facts = done.artifact
    digest, card = facts.content_digest, card_path(root, name, facts.content_digest).relative_to(root)
    state = "imported" if done.copied else "already imported"
    size = f"{pluralize(len(facts.files), 'file')}, {facts.size} bytes"
    lines = [f"{name}: {state}: build/{name}/{digest} (content {digest}; {size})"]
    if facts.left_out:
        lines.append(f"  left out, as no part of a SavedModel: {', '.join(facts.left_out)}")
    lines += _of_samples(facts, done.samples_from) if done.copied else []
    lines += _of_a_bucket(facts, imported.with_other_samples(root, facts, name), new=bool(done.samples_from))
    lines += [f"  its card is new; commit {card}"] if done.card_written else []
    count = len(imported.carded(root, name))
    entry = f"{name}@{digest}, since {count} artifacts are imported under this name" if count > 1 else name
    return [*lines, f"  a stack file names it: artifact: {entry}"]


def _of_samples(facts: Artifact, source: str) -> list[str]:
    if not facts.samples:
        return ["  it has no samples: a gate compares nothing, unless gate.samples names a file"]
    samples = pluralize(len(facts.samples), "sample")
    return [f"  {samples} from {source}" if source else f"  {samples}, those of its card"]


def _of_a_bucket(facts: Artifact, others: list[str], *, new: bool) -> list[str]:
    """That a gate reads the samples which a bucket has, where those may be others than these."""
    use = "gate.samples: FILE in a stack file makes a gate use others"
    if others:
        names = ", ".join(f"{other}@{facts.content_digest}" for other in others)
        return [f"  the same content has other samples as {names}: a bucket keeps those that it got first; {use}"]
    return [f"  a bucket that has this content already keeps the samples that it has; {use}"] if new else []
