"""Explains why instances do not match a signature: which instance, which input, expected and actual value."""

from __future__ import annotations

import json
from collections.abc import Sequence

from artifact_format.manifest import Manifest
from artifact_format.sample_fit import describe_inputs, mismatches
from prediction.errors import PredictionFailed
from prediction.instances.request_bodies import Body


def explained(error: PredictionFailed, body: Body, manifest: Manifest, signature_name: str | None) -> PredictionFailed:
    """The same error with the signature's inputs and the first instance that does not match them, if one does not.

    Args:
        error: the model's error.
        body: the request.
        manifest: of the artifact; empty if it is not known.
        signature_name: key of the signature. Default: the only one, else "serving_default".
    """
    if manifest.lacks(signature_name):
        return _with_signatures(error, sorted(manifest.signatures))
    inputs = manifest.inputs(signature_name)
    if not inputs:
        return error
    instances = json.loads(body.content)["instances"]
    found = next(((index, why) for index, each in enumerate(instances) for why in mismatches(each, inputs)), None)
    first = f". Instance {body.first + found[0]}: {found[1]}" if found else ""
    result = PredictionFailed(f"{str(error).rstrip('.')}{first}. The model takes {describe_inputs(inputs)}")
    result.instance = body.first + found[0] if found else None
    return result


def _with_signatures(error: PredictionFailed, keys: Sequence[str]) -> PredictionFailed:
    """The same error with the names of the signatures, unless its text already lists them."""
    text, names = str(error), ", ".join(keys)
    return error if names in text else PredictionFailed(f"{text.rstrip('.')}. The model's signatures are {names}")
