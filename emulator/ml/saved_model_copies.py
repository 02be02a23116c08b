"""A version's own copy of its SavedModel, taken from the bucket when the version is created."""

from __future__ import annotations

import secrets
from pathlib import Path

from emulator.core import disk_errors
from emulator.hosting import bucket_copies
from emulator.hosting.bucket_copies import Found
from emulator.hosting.interfaces import Objects
from emulator.ml.request_checks import field_error
from gcp import errors
from resources.storage import rules

_SAVED_MODEL = "saved_model.pb"


class SavedModelCopies:
    """Copies SavedModels.

    Args:
        objects: the objects in the buckets.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    async def copy(self, uri: str, parent: Path, *, mls1: bool) -> Path:
        """Copies the files under `uri` into a new folder in `parent`; returns the folder, whose name is random.

        Raises:
            FailedPrecondition: see `copy_to`.
        """
        folder = parent / secrets.token_hex(16)
        await self.copy_to(uri, folder, "version.deploymentUri", mls1=mls1)
        return folder

    async def copy_to(self, uri: str, folder: Path, field: str, *, mls1: bool) -> None:
        """Copies the files under `uri` into a new folder, which does not exist if that fails.

        Later changes of the bucket do not reach it. `field` is the name of the request's field in errors.

        Raises:
            FailedPrecondition: there is no SavedModel, or it is larger than the API takes.
        """
        found = self._checked(uri, field, mls1=mls1)
        try:
            await bucket_copies.link(found, folder)
        except OSError as exc:
            raise disk_errors.refusal(exc) or _refused(
                field, f"The files in {uri} cannot be copied: {exc.strerror}."
            ) from exc

    def _checked(self, uri: str, field: str, *, mls1: bool) -> Found:
        """The files under `uri`, after all checks."""
        try:
            found = bucket_copies.under(self._objects, uri)
        except errors.NotFound:
            raise _refused(field, f"The bucket of {uri} does not exist, or cannot be read.") from None
        _check(uri, field, found, mls1=mls1)
        return found


def _check(uri: str, field: str, objects: Found, *, mls1: bool) -> None:
    names = {name for name, _ in objects}
    if _SAVED_MODEL not in names:
        raise _refused(field, f"Deployment directory {uri} is expected to contain exactly one of: [{_SAVED_MODEL}].")
    if len(objects) > rules.MOST_FILES:
        raise _refused(
            field,
            f"The number of files in {uri} is {len(objects)}, which exceeds the allowed maximum of {rules.MOST_FILES}.",
        )
    size, most = sum(item.size for _, item in objects), rules.MOST_BYTES_MLS1 if mls1 else rules.MOST_BYTES
    if size > most:
        raise _refused(
            field,
            f"The total size of files in {uri} is {size} bytes, which exceeds the allowed maximum of {most} bytes.",
        )
    if (name := bucket_copies.escaping(objects)) is not None:
        raise _refused(field, f"{name!r} is not a name of a file in a folder.")


def _refused(field: str, text: str) -> errors.ApiError:
    return field_error(errors.FailedPrecondition, field, text)
