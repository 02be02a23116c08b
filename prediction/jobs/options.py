"""The options of `python -m prediction batch MODEL`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from resources.ml.job_rules import DEFAULT_BATCH, DEFAULT_WORKERS, MOST_BATCH, MOST_WORKERS

_DESCRIPTION = """\
Runs the rows of files through a deployed model, as one job of the endpoint, and waits for it. Files of this machine are
uploaded to a bucket and results downloaded from it; what was uploaded is removed. With --local no endpoint is asked:
the SavedModel that the stack's version names, as it was built here, or one in a folder, predicts on this machine.
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
  python -m prediction batch texts --input rows.tfrecord.gz --output tones.jsonl --stack prod

Input files of this machine are, as for --instances, a JSON list, {"instances": [...]} or one JSON value per line; a
file named .jsonl always has one value per line. A .csv file has the names of the inputs in its first line, NAME_0,
NAME_1, ... for an input with several values; other columns are not sent. Files named .tfrecord, .tfrecord.gz are
TFRecords. A job over gs:// paths reads one JSON value per line, or TFRecords.

Output is an object per row, in the order of the input. A row that is rejected has none: FILE.rejected has its file,
line and error, FILE.errors each error with its count. With --key FIELD each result begins with that field of its row,
{"id": 7, "risk": [0.1]}; with --with-input it is {"instance": ROW, "prediction": {"risk": [0.1]}}. With --output-format
CSV it is a row of values, and FILE.keys has the names of their columns.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but rows were rejected, 130 interrupted: the job is cancelled
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options. Ends with a usage error where they do not go together."""
    from prediction.cli import add_places, check_places, parser_of

    parser = parser_of("python -m prediction batch", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--input", nargs="+", required=True, metavar="FILE", help="files here, or gs:// paths with wildcards")
    add("--output", required=True, metavar="FILE", help="a file here, or a gs:// folder")
    forms = ("JSON", "CSV", "TF_RECORD", "TF_RECORD_GZIP")
    add("--format", choices=forms, help="of the input (default: by its name)")
    add("--output-format", choices=("JSON", "CSV"), help="of the results (default: JSON, an object in each line)")
    add("--key", default="", metavar="FIELD", help="begin each result with this field, or column, of its row")
    add("--with-input", action="store_true", help="put each result beside its row")
    add("--signature", metavar="S", help="key of the signature (default: the only one, else serving_default)")
    add("--batch-size", type=int, metavar="N", help=f"rows of one call of the model (default: {DEFAULT_BATCH})")
    add("--workers", type=int, metavar="N", help=f"workers at most (default: {DEFAULT_WORKERS})")
    add("--staging", default="", metavar="gs://", help="folder for what is uploaded (default: batch/ beside the model)")
    add("--local", action="store_true", help="predict on this machine, without an endpoint; MODEL may be a folder")
    add_places(parser)
    options = parser.parse_args(arguments)
    check_places(parser, options)
    _check_local(parser, options)
    _check_join(parser, options)
    if len({source.startswith("gs://") for source in options.input}) > 1:
        parser.error("--input takes files here or gs:// paths, not both")
    return options


def check_no_endpoint(parser: argparse.ArgumentParser, options: argparse.Namespace, names: Sequence[str]) -> None:
    """Ends with a usage error where --local is given together with options that say which endpoint."""
    given = [f"--{name}" for name in names if getattr(options, name)]
    if options.local and given:
        parser.error(f"--local asks no endpoint: leave out {' and '.join(given)}")


def _check_local(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if not options.local:
        return
    if any(place.startswith("gs://") for place in (*options.input, options.output)):
        parser.error("--local reads and writes files of this machine: gs:// needs an endpoint")
    check_no_endpoint(parser, options, ("project", "endpoint", "region", "staging"))
    for name, most in (("batch_size", MOST_BATCH), ("workers", MOST_WORKERS)):
        value = getattr(options, name)
        if value is not None and not 1 <= value <= most:
            parser.error(f"--{name.replace('_', '-')} must be 1 to {most}; it is {value}")


def _check_join(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    given = [*(["--key"] if options.key else []), *(["--with-input"] if options.with_input else [])]
    if not given:
        return
    both = " and ".join(given)
    if any(place.startswith("gs://") for place in (*options.input, options.output)):
        parser.error(f"{both}: results are joined on this machine, so input and output must be files here, not gs://")
    if options.with_input and options.output_format == "CSV":
        parser.error("--with-input writes JSON: leave out --output-format CSV")
