"""What a program declares: the constructor's checks, and every field as an attribute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi import dynamic

from resources import _values, errors
from resources._provider import Provider
from resources._schema import Schema


class InvalidArguments(errors.InvalidInput, pulumi.RunError):
    """Wrong arguments, as an error that Pulumi shows without a traceback."""


class Resource(dynamic.Resource):
    """A resource whose fields are a schema's. Every field is an attribute too, an `Output`, under its Python name."""

    provider: ClassVar[type[Provider]]

    def __init__(self, resource_name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Checks the arguments and registers the resource.

        Raises:
            InvalidArguments: with every failure, before anything is registered.
        """
        schema = self.provider.schema
        inputs = _values.to_wire(with_project(args, schema), schema.inputs)
        where = f"{type(self).__name__}({resource_name!r})"
        failures = list(schema.program_failures(inputs, where))
        if "project" in schema.types and not inputs.get("project"):
            failures.append((f"{where}.project", "is missing: give it, or set gcp:project"))
        if failures:
            raise InvalidArguments(failures)
        protect = pulumi.ResourceOptions(delete_before_replace=True)
        super().__init__(
            self.provider(),
            resource_name,
            {**dict.fromkeys(schema.types), **inputs},
            pulumi.ResourceOptions.merge(protect, opts),
        )

    def __getattr__(self, name: str) -> pulumi.Output[Any]:
        """A field as an output: `version.deployment_uri`."""
        wire = _values.api_name(name)
        if wire not in self.provider.schema.types or wire not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        found: pulumi.Output[Any] = self.__dict__[wire]
        return found


def with_project(args: Mapping[str, Any], schema: Schema) -> Mapping[str, Any]:
    """The arguments with the stack's `gcp:project`, where a project is wanted and none is given."""
    if "project" not in schema.types or args.get("project") is not None:
        return args
    import pulumi_gcp

    return {**args, "project": pulumi_gcp.config.project}
