"""`python -m models push`: its options. What it does is in `push_command`, which is only imported to push."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from command_line import OK
from models.builder.progress import display
from models.commands.common_options import add_command, add_parameters, parameters_of

_DESCRIPTION = """\
Copies builds to gs://BUCKET/RECIPE/CONTENT_DIGEST/ (imported SavedModels to gs://BUCKET/saved_model/CONTENT_DIGEST/),
where other machines and stacks find them: stacks that own the bucket, or name it in tf2-models:artifactSource. The
bytes must be those of the card. Existing objects are verified and not sent again. manifest.json comes last, so an
incomplete upload is never mistaken for a complete one.
"""
_EXAMPLES = """\
examples:
  python -m models push fashion_mnist --to gs://my-models
  python -m models push fashion_mnist --set width=256 --to gs://my-models
  python -m models push --stack staging --to gs://my-models      what the versions in Pulumi.staging.yaml use
  python -m models push churn --to gs://my-models                the SavedModel imported under this name
  python -m models push ./exports/parity --to gs://my-models     a SavedModel folder
  python -m models push heart_disease --to gs://demo-tf2-models --endpoint http://127.0.0.1:8470

"""
_NAMES = "RECIPE, RECIPE@DIGEST, imported NAME or NAME@CONTENT_DIGEST, or a folder (default: all recipes)"


def add_push(commands: Any) -> None:
    """Adds the command to those of `python -m models`."""
    parser = add_command(
        commands, "push", _run, summary="copy builds to a bucket", description=_DESCRIPTION, examples=_EXAMPLES
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help=_NAMES)
    add("--to", required=True, metavar="gs://BUCKET", help="the bucket, which must exist")
    add_parameters(parser)
    add("--stack", metavar="STACK", help="push what Pulumi.STACK.yaml names, instead of NAMEs, to its endpoint")
    add("--endpoint", metavar="URL", help="of Cloud Storage; global is Google's (default: TF2_MODELS_ENDPOINT, global)")


def _run(options: argparse.Namespace, root: Path) -> int:
    from models.commands.push_command import push

    parameters = parameters_of(options)
    with display() as shown:
        push(options, parameters, root, shown)
    return OK
