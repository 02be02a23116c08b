"""The fields of `ml.TrafficSplit`, a resource of our own: name, type and what a change does, one line each."""

from __future__ import annotations

from typing import Annotated, TypedDict

from typing_extensions import Required

from resources.ml import rules
from resources.ml.schema import AllowBreakingChange, Gate, KnownArtifacts, KnownSignatures
from resources.schema.fields import Schema, local, output, path
from resources.schema.shared_fields import Secrets
from resources.schema.types import Input


class TrafficSplitArgs(TypedDict, total=False):
    """Arguments of a traffic split, which shares a model's users among its versions."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    model: Required[Annotated[Input[str], path("Name of the model.")]]
    traffic_split: Required[
        Annotated[dict[str, float], local("Version -> share of the users in percent; the sum is 100.")]
    ]
    deployment_uris: Annotated[
        dict[str, str], local("Version -> its `deploymentUri`; if it changes, the version passes the gate again.")
    ]
    default_version: Annotated[Input[str], local("The model's default version, which has its own gate.", quiet=True)]
    gate: Annotated[Gate, local("What a version must prove before it gets users.", quiet=True)]
    signatures: KnownSignatures
    artifacts: KnownArtifacts
    allow_breaking_change: AllowBreakingChange
    previous_split: Annotated[dict[str, float], local("The split that clients read before this run.", quiet=True)]
    previous_default: Annotated[str, local("The default version before this run.", quiet=True)]
    secrets: Secrets


class TrafficSplitOutputs(TypedDict, total=False):
    """Outputs of a traffic split."""

    served_split: Annotated[dict[str, float], output("The split whose versions passed the gate.")]


TRAFFIC_SPLIT = Schema("traffic split", "", TrafficSplitArgs, TrafficSplitOutputs, rules=rules.default_version_failures)
