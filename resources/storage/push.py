"""Puts an artifact into a bucket outside of any stack, by the very code that `storage.SavedModel` sends it with."""

from __future__ import annotations

from collections.abc import Callable

from gcp import api as _api
from gcp import errors
from gcp.settings import Settings
from resources.deploy_errors import ArtifactError
from resources.engine import error_messages
from resources.engine.provider import Call, State
from resources.storage.service import STORAGE
from resources.storage.transfer import artifact

__all__ = ["push"]


def push(inputs: State, settings: Settings, report: Callable[[str], None]) -> bool:
    """Makes the bucket hold the whole artifact; says whether anything was sent. It leaves no claim.

    Args:
        inputs: of a SavedModel, as `plan.saved_model_inputs` makes them.
        settings: where the API is.
        report: is called with how far it is, and with each call that is retried.

    Raises:
        Error: the bucket is not there, the bytes are not here or not those of the card, or the API refuses.
    """
    what = f"push gs://{inputs['bucket']}/{inputs['prefix']}/"
    api = _api.shared(settings).reporting(report)
    call = Call(api=api, service=STORAGE, what=what, urn="", report=report, warn=report, timeout=0.0, hide=str)
    try:
        return artifact.ensure(call, inputs)
    except errors.NotFound:
        raise ArtifactError(f"{what}: there is no bucket gs://{inputs['bucket']}; make it first") from None
    except errors.Error as error:
        raise error_messages.for_engine(error, what, str) from None
