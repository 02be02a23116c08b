"""What a stack with `googleSetup: true` sets up in its project: the APIs, and a service account that reads its bucket.

These are resources of pulumi-gcp, whose plugin they need (`make plugins`). Nobody has run them against Google.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pulumi

from gcp.services import Service
from resources.config.plan import Stack

READER = "roles/storage.objectViewer"
_ALSO = ("storage", "iam", "artifactregistry")
"""APIs for the bucket, the account and the images, in addition to the one that serves models."""
_ACCOUNT_ID_LENGTH = 30


@dataclass
class NoSetup:
    """The setup of a stack without `googleSetup: true`: nothing.

    Attributes:
        apis: resources that must come before all others.
    """

    apis: list[pulumi.Resource] = field(default_factory=list)

    def account(self, bucket: pulumi.Resource) -> Iterator[tuple[str, Any]]:
        """Declares a service account for the bucket's objects. Yields the stack's outputs: name and value."""
        del bucket
        yield from ()


class Setup(NoSetup):
    """Declares the APIs and the account.

    Args:
        stack: what the stack declares.
        service: the API that serves its models.
    """

    def __init__(self, stack: Stack, service: Service) -> None:
        import pulumi_gcp  # most stacks do not need it

        self._gcp, self._stack = pulumi_gcp, stack
        principal = stack.settings.impersonate
        self._provider = pulumi_gcp.Provider("google", impersonate_service_account=principal) if principal else None
        super().__init__([self._enabled(name) for name in (service.name, *_ALSO)])

    def _enabled(self, api: str) -> pulumi.Resource:
        """`services.enable` of `serviceusage` v1. Destroy leaves the API enabled: others may use it."""
        options = pulumi.ResourceOptions(provider=self._provider)
        service = f"{api}.googleapis.com"
        make = self._gcp.projects.Service
        return make(api, options, project=self._stack.project, service=service, disable_on_destroy=False)

    def account(self, bucket: pulumi.Resource) -> Iterator[tuple[str, Any]]:
        """`projects.serviceAccounts.create` of `iam` v1, `buckets.setIamPolicy` of `storage` v1.

        The account may read the objects of the bucket, and nothing else. Versions run as it if their `serviceAccount`
        names it. Yields the output `serviceAccount`, its address.
        """
        options = pulumi.ResourceOptions(depends_on=[bucket, *self.apis], provider=self._provider)
        name = pulumi.get_stack()
        account = self._gcp.serviceaccount.Account(
            "serving",
            options,
            project=self._stack.project,
            account_id=account_id(name),
            display_name=f"Serves the models of the stack {name}",
        )
        member = pulumi.Output.concat("serviceAccount:", account.email)
        self._gcp.storage.BucketIAMMember(
            "serving", options, bucket=self._stack.bucket["name"], role=READER, member=member
        )
        yield "serviceAccount", account.email


def declare(stack: Stack, service: Service) -> NoSetup:
    """The `Setup` of a stack with `google_setup`, otherwise `NoSetup`. For arguments see `Setup`."""
    return Setup(stack, service) if stack.google_setup else NoSetup()


def account_id(stack: str) -> str:
    """The id of a stack's service account: 6 to 30 small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", f"tf2-models-{stack.lower()}")[:_ACCOUNT_ID_LENGTH].rstrip("-")
