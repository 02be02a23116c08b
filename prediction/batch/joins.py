"""Decides how the results of a job are joined with its rows, and refuses unreliable joins."""

from __future__ import annotations

from artifact_format.manifest import Manifest
from gcp import errors
from prediction.batch.job_plan import Job, Plan
from prediction.batch.outcome import Join
from prediction.batch.row_matching import ByKey, ByPosition

_NO_ORDER = "results come in no particular order from this endpoint"
_EXPORT = "export a signature that takes it as an input and returns it as an output of the same name, or use --local"


def join_of(job: Job, plan: Plan, manifest: Manifest, *, key: str, with_input: bool) -> Join | None:
    """The join of results with rows; None if neither a key nor `with_input` is asked for.

    If the model takes and returns the key, results are matched by key. Otherwise they are matched by position, if the
    endpoint keeps the order of the input.

    Args:
        job: the job.
        plan: what the job does.
        manifest: of the model; empty if it is not known.
        key: a field of each row; empty for none.
        with_input: whether each result is written beside its row.

    Raises:
        InvalidInput: results cannot be matched to rows, or a result would have the key twice.
    """
    if not key and not with_input:
        return None
    taken, returned = key in manifest.inputs(plan.signature), key in manifest.outputs(plan.signature)
    is_returned = bool(key) and ((taken and returned) or (not manifest.inputs(plan.signature) and not job.keeps_order))
    if is_returned and plan.csv_output:
        raise _wrong("--key", f"the model returns {key} itself: leave out --key, or --output-format CSV")
    if is_returned:
        return Join(match=ByKey(key), key=key, is_returned=True, with_input=with_input)
    if not job.keeps_order:
        reason = f"the model does not return {key}: {_EXPORT}" if key else f"add --key, and {_EXPORT}"
        raise _wrong("--key" if key else "--with-input", f"{_NO_ORDER}, and {reason}")
    if returned and not with_input:
        raise _wrong("--key", f"the model has its own output {key}: rename the field of the rows")
    return Join(match=ByPosition(csv=plan.csv_output), key=key, with_input=with_input, csv=plan.csv_output)


def sends_key(join: Join | None, plan: Plan, manifest: Manifest) -> bool:
    """Whether the key is sent, which it is if the model takes it."""
    return join is not None and (join.is_returned or join.key in manifest.inputs(plan.signature))


def _wrong(option: str, reason: str) -> errors.InvalidInput:
    return errors.InvalidInput([(option, reason)])
