"""Inputs that several resources have, each said once; a schema names those that its resource has."""

from __future__ import annotations

from typing import Annotated, TypedDict

from resources.schema.fields import local
from resources.schema.types import Input


class Timeouts(TypedDict, total=False):
    """Bounds, in seconds, on waiting for an operation."""

    create: float
    update: float
    delete: float


AllowDowntime = Annotated[bool, local("Replace, delete first, where a fixed field changes.", default="false")]
Owner = Annotated[Input[str], local("`stack.Identity.token`: by it the stack knows its own after a crash.")]
Secrets = Annotated[Input[list[str]], local("Which inputs are secret, as paths: the resource finds out.", lasting=True)]
Adopt = Annotated[bool, local("Take over one that exists, after a comparison.", default="false")]
