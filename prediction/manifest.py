"""The parts of an artifact's manifest that predictions use: samples, names of classes, signatures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import Self

from resources.schema import signatures as _signatures

Inputs = Mapping[str, Mapping[str, Any]]
"""Input name -> `{"dtype": "float32", "shape": [None, 28, 28]}`, as a card or a manifest has it."""


@dataclass(frozen=True)
class Sample:
    """An instance and its true label, or None if it is not known."""

    instance: Any
    label: Any = None


@dataclass(frozen=True)
class Manifest:
    """A manifest; empty if there is none.

    Attributes:
        samples: for the default signature.
        classes: names of the classes, in the order of the output.
        signatures: by key, structured: see `resources.schema.signatures`.
    """

    samples: list[Sample] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    signatures: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, facts: Mapping[str, Any]) -> Self:
        """The manifest in a JSON object, as written by any version of this project.

        Raises:
            KeyError, TypeError, AttributeError, ValueError: it is not valid.
        """
        samples = [Sample(each["instance"], each.get("label")) for each in facts.get("samples") or ()]
        classes = [str(each) for each in facts.get("classes") or ()]
        signatures = facts.get("signatures") or {}
        return cls(samples, classes, {key: _signatures.structured(parts) for key, parts in signatures.items()})

    def inputs(self, signature_name: str | None = None) -> Inputs:
        """A signature's inputs; empty if they are not known."""
        return self._signature(signature_name).get("inputs") or {}

    def outputs(self, signature_name: str | None = None) -> list[str]:
        """The names of a signature's outputs; empty if they are not known."""
        return _signatures.output_names(self.signatures, signature_name)

    def output(self, signature_name: str | None = None) -> str | None:
        """The name of a signature's only output; None if it has several, or they are not known."""
        names = self.outputs(signature_name)
        return names[0] if len(names) == 1 else None

    def lacks(self, signature_name: str | None) -> bool:
        """Whether the signatures are known and do not include this one."""
        return (
            bool(self.signatures)
            and (signature_name or _signatures.default_key(self.signatures)) not in self.signatures
        )

    def takes_one(self, signature_name: str | None) -> bool:
        """Whether a request of this signature takes only one instance, as far as known.

        It does if an input has the shape [], without a dimension for instances, or a first size of 1.
        """
        shapes = [spec.get("shape") for spec in self.inputs(signature_name).values()]
        return any(shape is not None and (not shape or shape[0] == 1) for shape in shapes)

    def _signature(self, name: str | None) -> dict[str, Any]:
        found: dict[str, Any] = self.signatures.get(name or _signatures.default_key(self.signatures)) or {}
        return found
