"""Names of resources. Responses have project numbers; requests may have ids or numbers. Rows store the number."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from emulator.core.google_names import project_number
from gcp import errors

_PLACE_PARTS = 4
"""Parts of the name of a location."""
DEFAULT = "default"
"""The alias of the version that a model's name without a version stands for."""


class Place(NamedTuple):
    """A location of a project. `project` is the project's number."""

    project: str
    location: str

    @property
    def name(self) -> str:
        """`projects/NUMBER/locations/LOCATION`."""
        return f"projects/{self.project}/locations/{self.location}"


def place(name: str) -> Place:
    """The location in a name. Raises `InvalidArgument` for an invalid name."""
    parts = name.split("/")
    if parts[:3:2] != ["projects", "locations"] or len(parts) < _PLACE_PARTS or not all(parts):
        raise errors.InvalidArgument(f"Invalid resource name: {name!r}.")
    return Place(project_number(parts[1]), parts[3])


def child(name: str) -> tuple[str, str]:
    """Collection and id of a resource below its location. Raises `InvalidArgument` for an invalid name."""
    place(name)
    parts = name.split("/")[_PLACE_PARTS:]
    if len(parts) != len(("collection", "id")):
        raise errors.InvalidArgument(f"Invalid resource name: {name!r}.")
    return parts[0], parts[1]


def numbered(name: str) -> str:
    """A full name with the project's number. Raises `InvalidArgument` for an invalid name."""
    place(name)
    first, project, rest = name.split("/", 2)
    return f"{first}/{project_number(project)}/{rest}"


def last(name: str) -> str:
    """The last part of a name: the id of the resource."""
    return name.rpartition("/")[2]


def split_version(id_: str) -> tuple[str, str]:
    """Splits `MODEL@VERSION` into the model and the version's id or alias, which is empty if there is none."""
    model, _, version = id_.partition("@")
    return model, version


def new_id() -> str:
    """A new id in the service's form: 19 digits."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)
