"""The command line: `python -m prediction batch MODEL`."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from resources import errors
from resources.ml import _jobs
from resources.ml.job_rules import DEFAULT_BATCH, DEFAULT_WORKERS, MOST_BATCH, MOST_WORKERS

if TYPE_CHECKING:
    from prediction.batch import Batch, Plan
    from prediction.local_batch import LocalBatch

OK, FAILED, USAGE, REFUSED, INTERRUPTED = 0, 1, 2, 3, 130
_DESCRIPTION = """\
Runs the rows of files through a deployed model, as one job of the endpoint, and waits for it. Files of this machine are
uploaded to a bucket and results downloaded from it; what was uploaded is removed. With --local no endpoint is asked:
the SavedModel that the stack's version names, as it was built here, or one in a folder, predicts on this machine.
"""
_EXAMPLES = """\
examples:
  python -m prediction batch hd_prediction --input patients.jsonl --output risks.jsonl
  python -m prediction batch hd_prediction --input part1.jsonl part2.jsonl --output risks.jsonl --batch-size 256
  python -m prediction batch fashion_mnist --version v2 --input 'gs://my-bucket/in/*' --output gs://my-bucket/out/
  python -m prediction batch hd_prediction --input patients.jsonl --output risks.jsonl --local
  python -m prediction batch ./exports/parity --input rows.jsonl --output odd.jsonl --local
  python -m prediction batch texts --input rows.tfrecord.gz --output tones.jsonl --stack prod

Input is a JSON value per line, what an element of "instances" is, or TFRecords. Output is an object per row, in the
order of the input; a row that the model refuses has none, and FILE.errors tells each error with its count. With CSV
it is a row of values each, and FILE.keys has the names of their columns.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but rows were refused, 130 interrupted: the job is cancelled
"""


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    try:
        return _run(_options(arguments))
    except errors.Error as error:
        from prediction.cli import tell

        return tell(error)
    except BrokenPipeError:  # nobody reads on, which is no error of a file
        raise
    except OSError as error:
        print(f"error: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    from prediction.cli import add_places, check_places, parser_of

    parser = parser_of("python -m prediction batch", _DESCRIPTION, _EXAMPLES)
    add = parser.add_argument
    add("--input", nargs="+", required=True, metavar="FILE", help="files here, or gs:// paths with wildcards")
    add("--output", required=True, metavar="FILE", help="a file here, or a gs:// folder")
    add("--format", choices=("JSON", "TF_RECORD", "TF_RECORD_GZIP"), help="of the input (default: by its name)")
    add("--output-format", choices=("JSON", "CSV"), help="of the results (default: JSON, an object in each line)")
    add("--signature", metavar="S", help="key of the signature (default: the only one, else serving_default)")
    add("--batch-size", type=int, metavar="N", help=f"rows of one call of the model (default: {DEFAULT_BATCH})")
    add("--workers", type=int, metavar="N", help=f"workers at most (default: {DEFAULT_WORKERS})")
    add("--staging", default="", metavar="gs://", help="folder for what is uploaded (default: batch/ beside the model)")
    add("--local", action="store_true", help="predict on this machine, without an endpoint; MODEL may be a folder")
    add_places(parser)
    options = parser.parse_args(arguments)
    check_places(parser, options)
    _check_local(parser, options)
    if len({source.startswith("gs://") for source in options.input}) > 1:
        parser.error("--input takes files here or gs:// paths, not both")
    return options


def _check_local(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    if not options.local:
        return
    if any(place.startswith("gs://") for place in (*options.input, options.output)):
        parser.error("--local reads and writes files of this machine: gs:// needs an endpoint")
    given = [f"--{name}" for name in ("project", "endpoint", "region", "staging") if getattr(options, name)]
    if given:
        parser.error(f"--local asks no endpoint: leave out {' and '.join(given)}")
    for name, most in (("batch_size", MOST_BATCH), ("workers", MOST_WORKERS)):
        value = getattr(options, name)
        if value is not None and not 1 <= value <= most:
            parser.error(f"--{name.replace('_', '-')} must be 1 to {most}; it is {value}")


def _run(options: argparse.Namespace) -> int:
    job, plan = _local(options) if options.local else _remote(options)
    try:
        return _follow(job, plan)
    finally:
        with contextlib.suppress(errors.Error):  # whatever went wrong before is what is to be told
            job.clean()  # but for results that could not be fetched


def _remote(options: argparse.Namespace) -> tuple[Batch, Plan]:
    """The job of an endpoint."""
    from prediction import batch, settings
    from resources import _api

    target = settings.target(**{name: getattr(options, name) for name in ("stack", "project", "endpoint", "region")})
    plan = _plan(options, target.project, target.settings.region)
    return batch.Batch(_api.shared(target.settings), plan), plan


def _local(options: argparse.Namespace) -> tuple[LocalBatch, Plan]:
    """The job of this machine."""
    from prediction import local_batch, settings

    plan = _plan(options, "", "")
    folder = local_batch.folder(options.model, options.version, settings.named_stack(options.stack))
    return local_batch.LocalBatch(plan, folder), plan


def _plan(options: argparse.Namespace, project: str, region: str) -> Plan:
    from prediction.batch import Plan

    settings = {
        "signatureName": options.signature,
        "outputDataFormat": options.output_format,
        "batchSize": options.batch_size and str(options.batch_size),
        "maxWorkerCount": options.workers and str(options.workers),
        "region": region or None,
    }
    plan = Plan(
        project=project,
        model=options.model,
        version=options.version,
        sources=options.input,
        target=options.output,
        staging=options.staging,
        form=options.format or "",
        settings={name: value for name, value in settings.items() if value is not None},
    )
    missing = [path for path in plan.local_sources if not path.is_file()]
    if missing:
        raise errors.InvalidInput([("--input", f"{missing[0]} is no file")])
    if plan.local_target and not plan.local_target.absolute().parent.is_dir():
        raise errors.InvalidInput([("--output", f"{plan.local_target.parent} is no folder")])
    _check_target(plan)
    return plan


def _check_target(plan: Plan) -> None:
    """Raises `InvalidInput` where results would take the place of what is no plain file, or of what is read."""
    if plan.local_target is None:
        return
    if plan.local_target.is_dir():
        raise errors.InvalidInput([("--output", f"{plan.local_target} is a folder: name a file in it")])
    for written in plan.local_targets:
        for source in plan.local_sources:
            if written.resolve() == source.resolve() or (written.exists() and written.samefile(source)):
                reason = f"{written} would be written over the input {source}: name another file"
                raise errors.InvalidInput([("--output", reason)])
        # A whole file takes the name: of /dev/null and /dev/stdout too, whoever may do that, and of a link to a file.
        if written.is_symlink() or (written.exists() and not written.is_file()):
            reason = f"{written} is no plain file, and would be replaced by one: name another file"
            raise errors.InvalidInput([("--output", reason)])


def _follow(job: Batch | LocalBatch, plan: Plan) -> int:
    try:
        job.submit()
        if job.job_id:
            print(f"job {job.job_id}", file=sys.stderr)
        with _telling(_rows(plan)) as told:
            ended = job.wait(told)
    except KeyboardInterrupt:
        print(f"interrupted: {job.stop()}", file=sys.stderr)
        return INTERRUPTED
    if ended["state"] != "SUCCEEDED":
        named = f"the job {job.job_id}" if job.job_id else "the job"
        raise errors.PredictionFailed(f"{named} is {ended['state']}: {ended.get('errorMessage', '')}")
    try:
        job.fetch()
    except KeyboardInterrupt:
        print(f"interrupted: results were not fetched: {job.left()}", file=sys.stderr)
        return INTERRUPTED
    done, refused = _jobs.counts(ended)
    print(f"{done} predictions in {plan.target}" + (f", {refused} rows refused" if refused else ""))
    return REFUSED if refused else OK


def _rows(plan: Plan) -> int | None:
    """How many rows there will be, where that can be known cheaply."""
    from prediction.batch import format_of

    if (plan.form or format_of(plan.sources)) != "JSON" or not plan.local_sources:
        return None
    return sum(_lines(path) for path in plan.local_sources)


def _lines(path: Path) -> int:
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            count, last = count + piece.count(b"\n"), piece[-1:]
    return count + (last != b"\n")


@contextlib.contextmanager
def _telling(total: int | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Shows on standard error how far a job is: a bar on a terminal, elsewhere a line for each state."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    states: list[str] = []

    def tell(job: dict[str, Any]) -> None:
        done = sum(_jobs.counts(job))
        if console.is_terminal:
            bar.update(task, description=job["state"].lower(), completed=done)
        elif states[-1:] != [job["state"]]:
            states.append(job["state"])
            print(job["state"].lower(), file=sys.stderr)

    with bar if console.is_terminal else contextlib.nullcontext():
        task = bar.add_task("submitted", total=total)
        yield tell
