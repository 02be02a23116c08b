"""Uploads an artifact to a bucket without a stack, with the code of `storage.SavedModel`."""

from __future__ import annotations

from collections.abc import Callable

from gcp import errors
from gcp.api import shared
from gcp.settings import Settings
from resources.deploy_errors import ArtifactError
from resources.engine import error_messages
from resources.engine.provider import Call, State
from resources.storage.service import STORAGE
from resources.storage.transfer import artifact

__all__ = ["push"]


def push(inputs: State, settings: Settings, report: Callable[[str], None]) -> bool:
    """Uploads what the bucket lacks of the artifact; returns whether anything was sent. Makes no claim.

    Args:
        inputs: of a SavedModel, as made by `plan.saved_model_inputs`.
        settings: where the API is.
        report: called with the progress, and for each retry.

    Raises:
        Error: the bucket does not exist, the files are missing or differ from the card, or the API refuses.
    """
    what = f"push gs://{inputs['bucket']}/{inputs['prefix']}/"
    api = shared(settings).reporting(report)
    call = Call(api=api, service=STORAGE, what=what, urn="", report=report, warn=report, timeout=0.0, hide=str)
    try:
        return artifact.ensure(call, inputs)
    except errors.NotFound:
        raise ArtifactError(f"{what}: bucket gs://{inputs['bucket']} not found; create it first") from None
    except errors.Error as error:
        raise error_messages.for_engine(error, what, str) from None
