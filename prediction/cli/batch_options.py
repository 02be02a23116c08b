"""The options of `python -m prediction batch MODEL`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from prediction import platforms
from prediction.cli import common_options

_LIMITS = platforms.of(platforms.ML).JOB_LIMITS
_GS = "gs://"
_DESCRIPTION = """\
Predicts the rows of files with a deployed model, as one job of the endpoint, and waits for it. Local files are uploaded
to a bucket, the results are downloaded, and the uploads are deleted. With --local it predicts on this machine, without
an endpoint, with the SavedModel that the stack's version uses, as built here, or with one in a folder.
"""
_EXAMPLES = """\
examples:
  python -m prediction batch hd_prediction --input patients.jsonl --output risks.jsonl
  python -m prediction batch hd_prediction --input patients.csv --key id --output risks.jsonl
  python -m prediction batch hd_prediction --input patients.csv --with-input --output risks.jsonl
  python -m prediction batch hd_prediction --input part1.jsonl part2.jsonl --output risks.jsonl --batch-size 256
  python -m prediction batch fashion_mnist --version v2 --input 'gs://my-bucket/in/*' --output gs://my-bucket/out/
  python -m prediction batch hd_prediction --input patients.jsonl --output risks.jsonl --local
  python -m prediction batch ./exports/parity --input rows.jsonl --output odd.jsonl --local
  python -m prediction batch texts --input a.tfrecord --output b.jsonl --stack prod --machine-type n1-standard-4

Local input files have a JSON list, {"instances": [...]} or one JSON value per line, as for --instances; a .jsonl file
always has one value per line. The first line of a .csv file has the names of the inputs (NAME_0, NAME_1, ... for an
input with several values); other columns are not sent. Files named .tfrecord or .tfrecord.gz are TFRecords. gs:// files
have one JSON value per line, or TFRecords.

The output is one object per row, in the order of the input. Rejected rows have none: FILE.rejected has the file, line
and error of each, and FILE.errors has each error with its count. --key FIELD puts that field of the row first in its
result, {"id":7,"risk":[0.1]}; --with-input writes {"instance":ROW,"prediction":{"risk":[0.1]}}. In these, a CSV cell
that is written like a JSON number is a number (7); 007 stays text. --output-format CSV writes rows of values; FILE.keys
has the names of the columns. NaN and infinities are not valid JSON: rows with them are rejected, and rows with an empty
cell in place of a number.

On Vertex AI --machine-type is required, results are JSON with the container's default signature, and results that stay
in a bucket are in a folder of the job's own, which the command prints: each line has "instance" and "prediction".

A command that was killed leaves its job running. The same command waits for that job and fetches its results.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but rows were rejected, 130 interrupted: the job is cancelled
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options. Exits with a usage error if they contradict each other."""
    parser = common_options.command_parser("python -m prediction batch", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--input", nargs="+", required=True, metavar="FILE", help="local files, or gs:// paths with wildcards")
    add("--output", required=True, metavar="FILE", help="a local file, or a gs:// folder")
    formats = ("JSON", "CSV", "TF_RECORD", "TF_RECORD_GZIP")
    add("--format", choices=formats, default="", help="of the input (default: inferred from its name)")
    add("--output-format", choices=("JSON", "CSV"), help="of the results (default: JSON, one object per line)")
    add("--key", default="", metavar="FIELD", help="put this field or column of the row first in its result")
    add("--with-input", action="store_true", help="put each result beside its row")
    add("--batch-size", type=int, metavar="N", help=f"rows per call of the model (default: {_LIMITS.batch_size})")
    add("--workers", type=int, metavar="N", help=f"maximum number of workers (default: {_LIMITS.workers})")
    add("--machine-type", metavar="TYPE", help="of the workers; required on Vertex AI: n1-standard-2")
    add("--staging", default="", metavar="gs://", help="folder for uploads (default: batch/ beside the model)")
    common_options.add_local_option(parser)
    common_options.add_target_options(parser)
    options = common_options.parse(parser, arguments)
    _check_local(parser, options)
    _check_join(parser, options)
    if len({path.startswith(_GS) for path in options.input}) > 1:
        parser.error("--input must be local files or gs:// paths, not both")
    return options


def _check_local(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if not options.local:
        return
    if _uses_bucket(options):
        parser.error("--local reads and writes local files: gs:// needs an endpoint")
    common_options.reject_with_local(parser, options, ("project", "endpoint", "region", "staging", "machine_type"))
    for name, most in (("batch_size", _LIMITS.most_batch_size), ("workers", _LIMITS.most_workers)):
        value = getattr(options, name)
        if value is not None and not 1 <= value <= most:
            parser.error(f"--{name.replace('_', '-')} must be 1 to {most}; got {value}")


def _check_join(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    given = [*(["--key"] if options.key else []), *(["--with-input"] if options.with_input else [])]
    if not given:
        return
    names = " and ".join(given)
    if _uses_bucket(options):
        parser.error(f"{names}: results are joined on this machine, so input and output must be local files, not gs://")
    if options.with_input and options.output_format == "CSV":
        parser.error("--with-input writes JSON: leave out --output-format CSV")


def _uses_bucket(options: argparse.Namespace) -> bool:
    return any(path.startswith(_GS) for path in (*options.input, options.output))
