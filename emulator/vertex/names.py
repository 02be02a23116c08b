"""Names of resources. Answers have project numbers, and requests may have ids or numbers: rows are kept by number."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from emulator.core.google_names import project_number
from gcp import errors

_PLACE_PARTS = 4
"""Parts of the name of a location."""
DEFAULT = "default"
"""The alias of the version that a model's name without a version means."""


class Place(NamedTuple):
    """A location of a project, which is known by its number."""

    project: str
    location: str

    @property
    def name(self) -> str:
        """`projects/NUMBER/locations/LOCATION`."""
        return f"projects/{self.project}/locations/{self.location}"


def place(name: str) -> Place:
    """The location that a name begins with, or is. Raises `InvalidArgument` for a text that is no name."""
    parts = name.split("/")
    if parts[:3:2] != ["projects", "locations"] or len(parts) < _PLACE_PARTS or not all(parts):
        raise errors.InvalidArgument(f"Invalid resource name: {name!r}.")
    return Place(project_number(parts[1]), parts[3])


def child(name: str) -> tuple[str, str]:
    """Collection and id of what a name means below its location. Raises `InvalidArgument`."""
    place(name)
    parts = name.split("/")[_PLACE_PARTS:]
    if len(parts) != len(("collection", "id")):
        raise errors.InvalidArgument(f"Invalid resource name: {name!r}.")
    return parts[0], parts[1]


def numbered(name: str) -> str:
    """A full name with the number of its project. Raises `InvalidArgument` for a text that is no name."""
    place(name)
    first, project, rest = name.split("/", 2)
    return f"{first}/{project_number(project)}/{rest}"


def last(name: str) -> str:
    """The last part of a name: the id of the resource."""
    return name.rpartition("/")[2]


def split_version(id_: str) -> tuple[str, str]:
    """`MODEL@VERSION` as model and version id or alias; the latter is empty where the name has none."""
    model, _, version = id_.partition("@")
    return model, version


def new_id() -> str:
    """An id as the service makes them: 19 digits."""
    return str(secrets.randbelow(9 * 10**18) + 10**18)
