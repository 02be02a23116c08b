"""How `ml` v1 names its resources."""

from __future__ import annotations


def model(project: str, name: str) -> str:
    """`projects/P/models/M`."""
    return f"projects/{project}/models/{name}"


def version(project: str, model_name: str, name: str) -> str:
    """`projects/P/models/M/versions/V`."""
    return f"{model(project, model_name)}/versions/{name}"


def last(name: str) -> str:
    """The last segment of a name; the API returns some names short and some full."""
    return name.rsplit("/", 1)[-1]
