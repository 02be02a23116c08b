"""The base class of what a program declares: its constructor checks the arguments, and every field is an attribute."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, ClassVar

import pulumi
from pulumi import dynamic

from gcp import errors
from resources.engine import option_names
from resources.engine.provider import Provider
from resources.schema import secrets, types
from resources.schema.fields import Schema
from resources.schema.types import Failure


class InvalidArguments(errors.InvalidInput, pulumi.RunError):
    """Invalid arguments. Pulumi shows this error without a traceback."""


class Resource(dynamic.Resource):
    """A resource with the fields of a schema. Each field is also an attribute, an `Output` with the Python name."""

    provider: ClassVar[type[Provider]]

    def __init__(self, resource_name: str, args: Mapping[str, Any], opts: pulumi.ResourceOptions | None) -> None:
        """Checks the arguments and registers the resource.

        Raises:
            InvalidArguments: with every failure, before anything is registered.
        """
        schema = self.provider.schema
        inputs = types.to_wire(with_place(args, schema), schema.inputs)
        where = f"{type(self).__name__}({resource_name!r})"
        failures = list(schema.program_failures(inputs, where))
        for name, key in _from_config(schema).items():
            if not inputs.get(name):
                failures.append((f"{where}.{name}", f"is missing: give it, or set {key}"))
        opts, wrong = _translated(opts, schema, where)
        if failures or wrong:
            raise InvalidArguments([*failures, *wrong])
        found = _secret_paths(inputs)
        if found is not None:
            inputs[secrets.NAME] = found
        protect = pulumi.ResourceOptions(delete_before_replace=True)
        super().__init__(
            self.provider(),
            resource_name,
            # Fields that are not given are left out: Pulumi spends 0.1 ms on each property, and a version has thirty.
            {**dict.fromkeys(schema.names("output")), **_revealed(inputs)},
            pulumi.ResourceOptions.merge(protect, opts),
        )

    def __getattr__(self, name: str) -> pulumi.Output[Any]:
        """A field as an output: `version.deployment_uri`. An input that is not given is not managed, and None."""
        wire = types.api_name(name)
        if wire not in self.provider.schema.types or "urn" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        found: pulumi.Output[Any] | None = self.__dict__.get(wire)
        return pulumi.Output.from_input(None) if found is None else found


def _translated(
    opts: pulumi.ResourceOptions | None, schema: Schema, where: str
) -> tuple[pulumi.ResourceOptions | None, list[Failure]]:
    """The options with the API's field names, and failures for names that are not fields."""
    failures: list[Failure] = []
    given = {name: paths for name in option_names.OPTIONS if opts and (paths := getattr(opts, name))}
    if not given:
        return opts, failures
    found = copy.copy(opts)
    for name, paths in given.items():
        translated = option_names.translate(schema, name, paths, where)
        setattr(found, name, translated.paths)
        failures += translated.failures
    return found, failures


def with_place(args: Mapping[str, Any], schema: Schema) -> Mapping[str, Any]:
    """The arguments, completed with the stack's `gcp:project` and `gcp:region` if the resource has these fields."""
    missing = {name: key for name, key in _from_config(schema).items() if args.get(name) is None}
    if not missing:
        return args
    import pulumi_gcp

    return {**args, **{name: getattr(pulumi_gcp.config, key.removeprefix("gcp:")) for name, key in missing.items()}}


def _from_config(schema: Schema) -> dict[str, str]:
    """API name -> the key of the stack's configuration that is its default."""
    return {name: known.config_key for name, known in schema.fields.items() if known.config_key}


def _secret_paths(inputs: Mapping[str, Any]) -> pulumi.Output[list[str] | None] | None:
    """The paths of the secret inputs; None if none is secret. For an `Output`, this is only known later."""
    given = [(path, value) for path, value in secrets.leaves(inputs) if not _is_plain(value)]
    if not given:
        return None

    async def secret() -> list[str] | None:
        found = [path for path, value in given if isinstance(value, secrets.Secret) or await _is_secret(value)]
        return sorted(found) or None

    return pulumi.Output.from_input(secret())


def _is_plain(value: Any) -> bool:
    return not isinstance(value, secrets.Secret | pulumi.Output)


async def _is_secret(output: pulumi.Output[Any]) -> bool:
    return await output.is_secret()


def _revealed(value: Any) -> Any:
    """The inputs with secret texts as Pulumi secrets."""
    if isinstance(value, Mapping):
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    return pulumi.Output.secret(value.reveal()) if isinstance(value, secrets.Secret) else value
