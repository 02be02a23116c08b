"""The command `python -m prediction batch MODEL`."""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gcp import errors
from prediction.cli import batch_options as options_
from prediction.output.wording import counted
from resources.ml.jobs import polling

if TYPE_CHECKING:
    from prediction.batch.job_plan import Job, Plan
    from prediction.batch.outcome import Join
    from prediction.instances.prepared_rows import Prepared
    from prediction.manifest import Manifest

OK, FAILED, USAGE, REJECTED, INTERRUPTED = 0, 1, 2, 3, 130
_RESULTS = "results"


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code."""
    try:
        return _run(options_.parse(arguments))
    except errors.Error as error:
        from prediction.cli.predict_command import tell

        return tell(error)
    except BrokenPipeError:  # the output pipe is closed, which is not an error of a file
        raise
    except OSError as error:
        print(f"error: {error.filename or 'a file'}: {error.strerror}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(options: argparse.Namespace) -> int:
    from prediction import settings

    target = None
    if not options.local:
        where = {name: getattr(options, name) for name in ("stack", "project", "endpoint", "region")}
        target = settings.target(**where)
    plan = _plan(options, target.project if target else "", target.settings.region if target else "")
    with _work_folder(plan) as work:
        job = _remote(plan, target) if target else _local(options, plan, work)
        try:
            join, prepared = _prepared(options, job, plan, work)
            return _follow(job, plan, prepared, join, work)
        finally:
            with contextlib.suppress(errors.Error):  # the earlier error is the one to report
                job.clean()  # keeps results that could not be fetched


def _remote(plan: Plan, target: Any) -> Job:
    """The job of an endpoint."""
    from gcp import api
    from prediction.batch.endpoint_job import Batch

    return Batch(api.shared(target.settings), plan)


def _local(options: argparse.Namespace, plan: Plan, work: Path) -> Job:
    """The job of this machine."""
    from prediction import settings
    from prediction.batch import local_job

    folder = local_job.folder(options.model, options.version, settings.named_stack(options.stack))
    return local_job.LocalBatch(plan, folder, work / _RESULTS)


@contextlib.contextmanager
def _work_folder(plan: Plan) -> Iterator[Path]:
    """A folder for what is not whole yet, beside the results, so that they only need a new name."""
    target = plan.local_target
    prefix, parent = (f".{target.name}.", target.absolute().parent) if target else ("prediction-", None)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
        yield Path(folder)


def _plan(options: argparse.Namespace, project: str, region: str) -> Plan:
    from prediction.batch.job_plan import Plan

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
    missing = [source.path for source in plan.local_sources if not Path(source.path).is_file()]
    if missing:
        raise errors.InvalidInput([("--input", f"{missing[0]} is not a file")])
    if plan.local_target and not plan.local_target.absolute().parent.is_dir():
        raise errors.InvalidInput([("--output", f"{plan.local_target.parent} is not a folder")])
    _check_target(plan)
    if plan.sent_form != "JSON" and (options.key or options.with_input):
        raise errors.InvalidInput([("--input", "--key and --with-input take JSON or CSV: TFRecords have no fields")])
    return plan


def _check_target(plan: Plan) -> None:
    """Raises `InvalidInput` if results would replace an input, or anything that is not a regular file."""
    if plan.local_target is None:
        return
    if plan.local_target.is_dir():
        raise errors.InvalidInput([("--output", f"{plan.local_target} is a folder: name a file in it")])
    for written in plan.local_targets:
        for source in (Path(source.path) for source in plan.local_sources):
            if written.resolve() == source.resolve() or (written.exists() and written.samefile(source)):
                reason = f"{written} would overwrite the input {source}: name another file"
                raise errors.InvalidInput([("--output", reason)])
        # Results are renamed to this path: that would replace even /dev/null, /dev/stdout, or a link to a file.
        if written.is_symlink() or (written.exists() and not written.is_file()):
            reason = f"{written} is not a regular file, and would be replaced by one: name another file"
            raise errors.InvalidInput([("--output", reason)])


def _prepared(options: argparse.Namespace, job: Job, plan: Plan, work: Path) -> tuple[Join | None, Prepared]:
    """How results are joined with rows, and the files that are sent. Raises `InvalidInput`."""
    from prediction.batch import joins, row_matching
    from prediction.instances.prepared_rows import prepare
    from prediction.manifest import Manifest

    job.check()
    sources = plan.local_sources
    for source in sources:
        source.check_signature(plan.signature)
    tables = [source for source in sources if source.form == "CSV"]
    manifest = job.manifest() if tables or options.key or options.with_input else Manifest()
    join = joins.join_of(job, plan, manifest, key=options.key, whole=options.with_input)
    sent = joins.sends_key(join, plan, manifest)
    inputs = manifest.inputs(plan.signature)
    prepared = prepare(sources, work, inputs=inputs, key=options.key, sent=sent, checked=bool(join))
    if join and join.passed and (twice := row_matching.repeated_key(prepared, join.key)):
        raise errors.InvalidInput([("--key", twice)])
    _tell_columns(prepared, manifest, plan)
    return join, prepared


def _tell_columns(prepared: Prepared, manifest: Manifest, plan: Plan) -> None:
    """Says which columns are not sent, and where types are guessed."""
    for file, columns in prepared.unused_columns().items():
        text = f"{file}: columns that the model does not take are not sent: {', '.join(columns)}"
        print(text, file=sys.stderr)
    if any(source.form == "CSV" for source in prepared.sources) and not manifest.inputs(plan.signature):
        print("the model's inputs are not known: numbers are sent as numbers, the rest as text", file=sys.stderr)


def _follow(job: Job, plan: Plan, prepared: Prepared, join: Join | None, work: Path) -> int:
    try:
        job.submit(prepared.paths)
        if job.job_id:
            print(f"job {job.job_id}", file=sys.stderr)
        with _progress(prepared.count or None) as told:
            ended = job.wait(told)
    except KeyboardInterrupt:
        print(f"interrupted: {job.stop()}", file=sys.stderr)
        return INTERRUPTED
    if ended["state"] != "SUCCEEDED":
        named = f"the job {job.job_id}" if job.job_id else "the job"
        raise errors.PredictionFailed(f"{named} is {ended['state']}: {ended.get('errorMessage', '')}")
    done, rejected = polling.counts(ended)
    rejected += prepared.unsent.total()
    try:
        if plan.local_target:
            _take(job, plan, prepared, join, work / _RESULTS, rejected)
    except KeyboardInterrupt:
        print(f"interrupted: results were not fetched: {job.left()}", file=sys.stderr)
        return INTERRUPTED
    more = f", {counted(rejected, 'row')} rejected" if rejected else ""
    print(f"{counted(done, 'prediction')} in {plan.target}{more}")
    return REJECTED if rejected else OK


def _take(job: Job, plan: Plan, prepared: Prepared, join: Join | None, raw: Path, rejected: int) -> None:
    """Brings the results to their file; says on standard error which rows were rejected."""
    from prediction.batch.outcome import Outcome, count_not_json

    target = Path(plan.target)
    job.fetch(raw)
    outcome = Outcome(prepared, job.names, raw)
    outcome.write(target, join)
    job.done()
    for line in outcome.examples:
        print(line, file=sys.stderr)
    if rejected and not outcome.examples:
        text = f"this endpoint does not say which rows it rejected; {target}.errors has each error with its count"
        print(text, file=sys.stderr)
    elif rejected > len(outcome.examples):
        print(f"... and {rejected - len(outcome.examples)} more, in {target}.rejected", file=sys.stderr)
    for source in prepared.sources:
        if rejected and source.hint:
            print(source.hint, file=sys.stderr)
    if not plan.csv_output and (count := count_not_json(target)):
        text = f"{counted(count, 'prediction')} with NaN or Infinity, which is not standard JSON: the model gives them"
        print(f"{target}: {text}", file=sys.stderr)


@contextlib.contextmanager
def _progress(total: int | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Shows on standard error how far a job is: a bar on a terminal, elsewhere a line for each state."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
    states: list[str] = []

    def tell(job: dict[str, Any]) -> None:
        done = sum(polling.counts(job))
        if console.is_terminal:
            bar.update(task, description=job["state"].lower(), completed=done)
        elif states[-1:] != [job["state"]]:
            states.append(job["state"])
            print(job["state"].lower(), file=sys.stderr)

    with bar if console.is_terminal else contextlib.nullcontext():
        task = bar.add_task("submitted", total=total)
        yield tell
