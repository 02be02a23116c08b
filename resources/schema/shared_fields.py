"""Inputs that several resources share."""

from __future__ import annotations

from typing import Annotated, TypedDict

from resources.schema.fields import local
from resources.schema.types import Input


class Timeouts(TypedDict, total=False):
    """Bounds, in seconds, on waiting for an operation."""

    create: float
    update: float
    delete: float


AllowDowntime = Annotated[bool, local("Allow a fixed field to change: delete, then create.", default="false")]
Owner = Annotated[Input[str], local("`stack.Identity.token`: identifies the stack's resources after a crash.")]
Secrets = Annotated[Input[list[str]], local("Paths of the secret inputs; set by the resource itself.", lasting=True)]
Adopt = Annotated[bool, local("Take over an existing resource, after a comparison.", default="false")]
