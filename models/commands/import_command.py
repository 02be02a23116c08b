"""`python -m models import`: its options and output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from artifact_format.manifest import Artifact
from command_line import OK, pluralize
from models.artifacts import imported
from models.builder.progress import display
from models.commands.common_options import add_command
from models.core.paths import card_path
from models.imports.importer import Imported, ImportRequest, import_model
from models.imports.samples import read_samples

_DESCRIPTION = """\
Imports a SavedModel into the project. Copies its files to build/NAME/CONTENT_DIGEST/ and writes its card,
models/cards/NAME/CONTENT_DIGEST.json: commit it. Stack files then use artifact: NAME, and can be previewed on machines
without the files. A .keras file is exported by Keras first.

Samples are instances that a gate sends to a new version. Without --samples they are the SavedModel's own warm-up
requests, or generated from its signature, with the model's own predictions. The predictions in a FILE are checked
against the signature, but not against the model.
"""
_EXAMPLES = """\
examples:
  python -m models import ./exports/churn --name churn
  python -m models import ./exports/churn --name churn --samples samples.json
  python -m models import churn.keras --name churn
  python -m models import ./exports/ranker --name ranker --no-samples
  python -m models push churn --to gs://my-models            copy it to a bucket, for other machines

samples.json: [{"instance": ..., "prediction": ..., "label": ...}, ...]. The label is optional. Without predictions, the
model predicts them. A list of bare instances, and {"instances": [...]}, are also valid.

"""


def add_import(commands: Any) -> None:
    """Adds the command to those of `python -m models`."""
    parser = add_command(
        commands, "import", _run, summary="import a SavedModel", description=_DESCRIPTION, examples=_EXAMPLES
    )
    parser.add_argument("source", metavar="PATH", type=Path, help="folder of a SavedModel, or a .keras file")
    parser.add_argument("--name", required=True, help="its name in stack files: lower-case letters, digits and _")
    samples = parser.add_mutually_exclusive_group()
    samples.add_argument("--samples", metavar="FILE", type=Path, help="sample instances, as JSON")
    samples.add_argument("--no-samples", action="store_true", help="import it without samples")


def _run(options: argparse.Namespace, root: Path) -> int:
    samples = read_samples(options.samples) if options.samples else ()
    request = ImportRequest(options.source, options.name, samples, ask=not options.no_samples)
    with display(sys.stderr) as shown:
        done = import_model(request, root, shown)
    for line in _lines(options.name, done, root):
        print(line)
    return OK


def _lines(name: str, done: Imported, root: Path) -> list[str]:
    facts = done.artifact
    digest, card = facts.content_digest, card_path(root, name, facts.content_digest).relative_to(root)
    state = "imported" if done.copied else "already imported"
    size = f"{pluralize(len(facts.files), 'file')}, {facts.size} bytes"
    lines = [f"{name}: {state}: build/{name}/{digest} (content {digest}; {size})"]
    if facts.left_out:
        lines.append(f"  left out, because they are not part of a SavedModel: {', '.join(facts.left_out)}")
    lines += _sample_lines(facts, done.samples_from) if done.copied else []
    lines += _bucket_lines(facts, imported.with_other_samples(root, facts, name), new=bool(done.samples_from))
    lines += [f"  its card is new; commit {card}"] if done.card_written else []
    lines += [f"  its card now lists the operations of the graph; commit {card}"] if done.card_completed else []
    count = len(imported.carded(root, name))
    entry = f"{name}@{digest} ({count} artifacts are imported under this name)" if count > 1 else name
    return [*lines, f"  to use it in a stack file: artifact: {entry}"]


def _sample_lines(facts: Artifact, source: str) -> list[str]:
    if not facts.samples:
        return ["  it has no samples: the gate compares nothing, unless gate.samples names a file"]
    samples = pluralize(len(facts.samples), "sample")
    return [f"  {samples} from {source or 'its card'}"]


def _bucket_lines(facts: Artifact, others: list[str], *, new: bool) -> list[str]:
    """Lines about samples in a bucket, which the gate reads, and which may differ from these."""
    use = "to use others, set gate.samples: FILE in the stack file"
    if others:
        names = ", ".join(f"{other}@{facts.content_digest}" for other in others)
        return [f"  the same content has different samples as {names}: a bucket keeps the first ones; {use}"]
    return [f"  a bucket that already has this content keeps its samples; {use}"] if new else []
