"""The command `python -m prediction batch MODEL`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from command_line import INTERRUPTED, OK, pluralize
from gcp import errors
from prediction.cli import batch_options, common_options
from prediction.cli.common_options import REJECTED
from prediction.errors import PredictionFailed

if TYPE_CHECKING:
    from artifact_format.manifest import Manifest
    from prediction.batch.job_files import JobFiles
    from prediction.batch.job_plan import Job, Plan
    from prediction.batch.outcome import Join
    from prediction.targets.target import JobStatus

_RESULTS = "results"


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    return common_options.run(lambda: _run(batch_options.parse(arguments)))


def _run(options: argparse.Namespace) -> int:
    target = None if options.local else common_options.target_of(options)
    plan = _plan(options)
    with _work_folder(plan) as work:
        if target:
            from prediction.batch.endpoint_job import EndpointJob

            job: Job = EndpointJob(target, plan)
        else:
            job = _local_job(options, plan, work)
        try:
            join, files = _prepare(options, job, plan, work)
            return _run_job(job, plan, files, join, work)
        finally:
            with contextlib.suppress(errors.Error):  # an earlier error is the one to report
                job.clean_up()  # keeps results that could not be fetched


def _local_job(options: argparse.Namespace, plan: Plan, work: Path) -> Job:
    from prediction import settings
    from prediction.batch import local_job

    folder = local_job.folder(options.model, options.version, settings.named_stack(options.stack))
    return local_job.LocalJob(plan, folder, work / _RESULTS)


@contextlib.contextmanager
def _work_folder(plan: Plan) -> Iterator[Path]:
    """A temporary folder beside the results, so that finished files only need to be renamed."""
    output = plan.local_output
    prefix, parent = (f".{output.name}.", output.absolute().parent) if output else ("prediction-", None)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
        yield Path(folder)


def _plan(options: argparse.Namespace) -> Plan:
    """What the job does. Raises `InvalidInput` if it cannot be done, as far as can be seen without an endpoint."""
    from prediction.batch.job_plan import Plan

    plan = Plan(
        model=options.model,
        version=options.version,
        inputs=options.input,
        output=options.output,
        staging=options.staging,
        row_format=options.format,
        output_format=options.output_format,
        signature=options.signature,
        batch_size=options.batch_size,
        workers=options.workers,
        machine_type=options.machine_type,
    )
    missing = [file.path for file in plan.local_inputs if not Path(file.path).is_file()]
    if missing:
        raise errors.InvalidInput([("--input", f"{missing[0]} is not a file")])
    if plan.local_output and not plan.local_output.absolute().parent.is_dir():
        raise errors.InvalidInput([("--output", f"{plan.local_output.parent} is not a folder")])
    _check_output(plan)
    if plan.sent_format != "JSON" and (options.key or options.with_input):
        raise errors.InvalidInput([("--input", "must be JSON or CSV with --key and --with-input")])
    return plan


def _check_output(plan: Plan) -> None:
    """Raises `InvalidInput` if results would replace an input, or anything that is not a regular file."""
    if plan.local_output is None:
        return
    if plan.local_output.is_dir():
        raise errors.InvalidInput([("--output", f"{plan.local_output} is a folder: name a file in it")])
    for written in plan.local_outputs:
        for source in (Path(file.path) for file in plan.local_inputs):
            if written.resolve() == source.resolve() or (written.exists() and written.samefile(source)):
                reason = f"{written} would overwrite the input {source}: name another file"
                raise errors.InvalidInput([("--output", reason)])
        # Results are renamed to this path: that would replace even /dev/null, /dev/stdout, or a link to a file.
        if written.is_symlink() or (written.exists() and not written.is_file()):
            reason = f"{written} is not a regular file, and would be replaced by one: name another file"
            raise errors.InvalidInput([("--output", reason)])


def _prepare(options: argparse.Namespace, job: Job, plan: Plan, work: Path) -> tuple[Join | None, JobFiles]:
    """The join of results with rows, and the files to send. Raises `InvalidInput`."""
    from artifact_format.manifest import Manifest
    from prediction.batch import joins, row_matching
    from prediction.batch.job_files import prepare

    job.check()
    local = plan.local_inputs
    for file in local:
        file.check_signature(plan.signature)
    has_csv = any(file.is_csv for file in local)
    manifest = job.manifest() if has_csv or options.key or options.with_input else Manifest()
    join = joins.join_of(job, plan, manifest, key=options.key, with_input=options.with_input)
    sent = joins.sends_key(join, plan, manifest)
    inputs = manifest.inputs(plan.signature)
    files = prepare(local, work, inputs=inputs, key=options.key, sent=sent, checked=bool(join))
    if join and isinstance(join.match, row_matching.ByKey) and (repeated := row_matching.repeated_key(files, join.key)):
        raise errors.InvalidInput([("--key", repeated)])
    _report_columns(files, manifest, plan)
    return join, files


def _report_columns(files: JobFiles, manifest: Manifest, plan: Plan) -> None:
    """Prints which CSV columns are not sent, and whether types are guessed."""
    for file, columns in files.unused_columns().items():
        text = f"{file}: not sent, because the model does not take these columns: {', '.join(columns)}"
        print(text, file=sys.stderr)
    if any(file.is_csv for file in files.files) and not manifest.inputs(plan.signature):
        print("the model's inputs are not known: numbers are sent as numbers, the rest as text", file=sys.stderr)


def _run_job(job: Job, plan: Plan, files: JobFiles, join: Join | None, work: Path) -> int:
    try:
        job.submit(files.paths)
        if job.job_id:
            text = ", started by an earlier run that was killed" if job.is_resumed else ""
            print(f"job {job.job_id}{text}", file=sys.stderr)
        with _progress(files.count or None) as report:
            status = job.wait(report)
    except KeyboardInterrupt:
        print(f"interrupted: {job.stop()}", file=sys.stderr)
        return INTERRUPTED
    if not status.is_success:
        name = f"the job {job.job_id}" if job.job_id else "the job"
        raise PredictionFailed(f"{name} is {status.state}: {status.error}")
    rejected = status.rejected + files.unsent.total()
    try:
        if plan.local_output:
            _take_results(job, plan, files, join, work / _RESULTS, rejected)
    except KeyboardInterrupt:
        print(f"interrupted: the results were not fetched: {job.kept()}", file=sys.stderr)
        return INTERRUPTED
    more = f", {pluralize(rejected, 'row')} rejected" if rejected else ""
    place = plan.output if plan.local_output else status.folder or plan.output
    print(f"{pluralize(status.predicted, 'prediction')} in {place}{more}")
    return REJECTED if rejected else OK


def _take_results(job: Job, plan: Plan, files: JobFiles, join: Join | None, raw: Path, rejected: int) -> None:
    """Writes the results to the output file; prints which rows were rejected."""
    from prediction.batch.outcome import Outcome, count_invalid_json

    output = Path(plan.output)
    job.fetch(raw)
    outcome = Outcome(files, job.file_names, raw)
    outcome.write(output, join)
    job.mark_complete()
    for line in outcome.examples:
        print(line, file=sys.stderr)
    if rejected and not outcome.examples:
        text = f"this endpoint does not say which rows it rejected; {output}.errors has each error with its count"
        print(text, file=sys.stderr)
    elif rejected > len(outcome.examples):
        print(f"... and {rejected - len(outcome.examples)} more, in {output}.rejected", file=sys.stderr)
    for file in files.files:
        if rejected and file.hint:
            print(file.hint, file=sys.stderr)
    if not plan.csv_output and (count := count_invalid_json(output)):
        text = f"{pluralize(count, 'prediction')} of the model with NaN or Infinity, which standard JSON does not have"
        print(f"{output}: {text}", file=sys.stderr)


@contextlib.contextmanager
def _progress(total: int | None) -> Iterator[Callable[[JobStatus], None]]:
    """Shows the progress of a job on standard error: a bar on a terminal, elsewhere a line for each state."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    states: list[str] = []

    def report(status: JobStatus) -> None:
        if console.is_terminal:
            bar.update(task, description=status.state.lower(), completed=status.predicted + status.rejected)
        elif states[-1:] != [status.state]:
            states.append(status.state)
            print(status.state.lower(), file=sys.stderr)

    with bar if console.is_terminal else contextlib.nullcontext():
        task = bar.add_task("submitted", total=total)
        yield report
