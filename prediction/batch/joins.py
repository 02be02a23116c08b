"""How the results of a job are joined with its rows, and whether that is reliable."""

from __future__ import annotations

from gcp import errors
from prediction.batch.job_plan import Job, Plan
from prediction.batch.outcome import Join
from prediction.batch.row_matching import ByKey, ByPosition
from prediction.manifest import Manifest

_NO_ORDER = "results come in no particular order from this endpoint"
_EXPORT = "export a signature that takes it as an input and returns it as an output of the same name, or use --local"


def join_of(job: Job, plan: Plan, manifest: Manifest, *, key: str, whole: bool) -> Join | None:
    """How results are joined; None where they are not.

    If the model takes and returns the key, results are matched by key. Otherwise they are matched by position, if the
    endpoint keeps the order of the input.

    Args:
        job: the job.
        plan: what it is to do.
        manifest: what is known of the model.
        key: a field of each row; empty for none.
        whole: whether each result is to stand beside its row.

    Raises:
        InvalidInput: results cannot be matched to rows, or a result would have the key twice.
    """
    if not key and not whole:
        return None
    taken, returned = key in manifest.inputs(plan.signature), key in manifest.outputs(plan.signature)
    passed = bool(key) and ((taken and returned) or (not manifest.inputs(plan.signature) and not job.ordered))
    if passed and plan.csv_output:
        raise _wrong("--key", f"the model returns {key} itself: leave out --key, or --output-format CSV")
    if passed:
        return Join(match=ByKey(key), key=key, passed=True, whole=whole)
    if not job.ordered:
        reason = f"the model does not return {key}: {_EXPORT}" if key else f"give --key too, and {_EXPORT}"
        raise _wrong("--key" if key else "--with-input", f"{_NO_ORDER}, and {reason}")
    if returned and not whole:
        raise _wrong("--key", f"the model has an output {key} of its own: rename the field of the rows")
    return Join(match=ByPosition(csv=plan.csv_output), key=key, whole=whole, csv=plan.csv_output)


def sends_key(join: Join | None, plan: Plan, manifest: Manifest) -> bool:
    """Whether the key is sent: to a model that takes it."""
    return join is not None and (join.passed or join.key in manifest.inputs(plan.signature))


def _wrong(option: str, reason: str) -> errors.InvalidInput:
    return errors.InvalidInput([(option, reason)])
