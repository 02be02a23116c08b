"""The options of `python -m prediction batch MODEL`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from resources.ml.jobs.rules import DEFAULT_BATCH, DEFAULT_WORKERS, MOST_BATCH, MOST_WORKERS

_DESCRIPTION = """\
Predicts the rows of files with a deployed model, as one job of the endpoint, and waits for it. Local files are uploaded
to a bucket, results are downloaded from it, and the uploads are removed. With --local this machine predicts, without an
endpoint: with the SavedModel that the stack's version names, as built here, or with one in a folder.
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

Local input files hold a JSON list, {"instances": [...]} or one JSON value per line, as for --instances; a .jsonl file
always has one value per line. The first line of a .csv file has the names of the inputs (NAME_0, NAME_1, ... for an
input with several values); other columns are not sent. Files named .tfrecord or .tfrecord.gz are TFRecords. gs:// files
hold one JSON value per line, or TFRecords.

The output is one object per row, in the order of the input. Rejected rows have none: FILE.rejected has the file, line
and error of each, and FILE.errors has each error with its count. --key FIELD puts that field of the row first in its
result, {"id":7,"risk":[0.1]}; --with-input writes {"instance":ROW,"prediction":{"risk":[0.1]}}. In these, a CSV cell
that is written like a JSON number is a number (7); 007 stays text. --output-format CSV writes rows of values; FILE.keys
has the names of the columns. NaN and infinities are not valid JSON: rows with them are rejected, as empty cells are.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but rows were rejected, 130 interrupted: the job is cancelled
"""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options. Exits with a usage error if they contradict each other."""
    from prediction.cli.predict_command import add_places, check_places, parser_of

    parser = parser_of("python -m prediction batch", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--input", nargs="+", required=True, metavar="FILE", help="files here, or gs:// paths with wildcards")
    add("--output", required=True, metavar="FILE", help="a file here, or a gs:// folder")
    forms = ("JSON", "CSV", "TF_RECORD", "TF_RECORD_GZIP")
    add("--format", choices=forms, help="of the input (default: by its name)")
    add("--output-format", choices=("JSON", "CSV"), help="of the results (default: JSON, an object in each line)")
    add("--key", default="", metavar="FIELD", help="put this field or column of the row first in its result")
    add("--with-input", action="store_true", help="put each result beside its row")
    add("--signature", metavar="S", help="key of the signature (default: the only one, else serving_default)")
    add("--batch-size", type=int, metavar="N", help=f"rows per call of the model (default: {DEFAULT_BATCH})")
    add("--workers", type=int, metavar="N", help=f"maximum number of workers (default: {DEFAULT_WORKERS})")
    add("--staging", default="", metavar="gs://", help="folder for uploads (default: batch/ beside the model)")
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
    """Exits with a usage error if --local is combined with options that choose an endpoint."""
    given = [f"--{name}" for name in names if getattr(options, name)]
    if options.local and given:
        parser.error(f"--local uses no endpoint: leave out {' and '.join(given)}")


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
