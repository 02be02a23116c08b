"""Decides how the results of a job are joined with its rows, and refuses unreliable joins."""

from __future__ import annotations

from artifact_format.manifest import Manifest
from gcp import errors
from prediction.batch.echoed_rows import ByRow
from prediction.batch.job_plan import Job, Plan
from prediction.batch.outcome import Join
from prediction.batch.row_matching import ByKey, ByPosition
from prediction.instances.row_files import JSON

_NO_ORDER = "results come in no particular order from this endpoint"
_EXPORT = "export a signature that takes it as an input and returns it as an output of the same name, or use --local"


def join_of(job: Job, plan: Plan, manifest: Manifest, *, key: str, with_input: bool) -> Join | None:
    """The join of results with rows; None if neither a key nor `with_input` is asked for, and none is needed.

    If results hold their rows, they are matched by these, which also puts them in the order of the input. Otherwise, if
    the model takes and returns the key, results are matched by key, or else by position, if the endpoint keeps the
    order of the input.

    Args:
        job: the job.
        plan: what the job does.
        manifest: of the model; empty if it is not known.
        key: a field of each row; empty for none.
        with_input: whether each result is written beside its row.

    Raises:
        InvalidInput: results cannot be matched to rows, or a result would have the key twice.
    """
    if job.holds_rows and plan.sent_format == JSON and plan.local_inputs and plan.local_output:
        return _by_row(plan, manifest, key=key, with_input=with_input)
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
    _require_free(key, returned=returned and not with_input)
    return Join(match=ByPosition(csv=plan.csv_output), key=key, with_input=with_input, csv=plan.csv_output)


def _by_row(plan: Plan, manifest: Manifest, *, key: str, with_input: bool) -> Join:
    taken, returned = key in manifest.inputs(plan.signature), key in manifest.outputs(plan.signature)
    _require_free(key, returned=returned and not taken and not with_input)
    return Join(match=ByRow(), key=key, is_returned=taken and returned, with_input=with_input)


def _require_free(key: str, *, returned: bool) -> None:
    """Raises `InvalidInput` if the model's own output would be taken for the key."""
    if returned:
        raise _wrong("--key", f"the model has its own output {key}: rename the field of the rows")


def sends_key(join: Join | None, plan: Plan, manifest: Manifest) -> bool:
    """Whether the key is sent, which it is if the model takes it."""
    return join is not None and (join.is_returned or join.key in manifest.inputs(plan.signature))


def _wrong(option: str, reason: str) -> errors.InvalidInput:
    return errors.InvalidInput([(option, reason)])
