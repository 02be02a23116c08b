"""IAM policies of buckets, which are only stored, and the service account of a project, which does not exist."""

from __future__ import annotations

from typing import Any

from emulator.core import iam_policies
from emulator.core.google_names import project_number
from emulator.rest.request import Request, Response
from emulator.storage.object_store import ObjectStore
from gcp import errors


class BucketPolicies:
    """The methods of policies.

    Args:
        objects: the buckets and objects.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def buckets_get_iam_policy(self, request: Request) -> Response:
        """Returns the policy of a bucket; a new one grants the roles of its project."""
        return Response(body=self._policy(request))

    async def buckets_set_iam_policy(self, request: Request) -> Response:
        """Replaces the policy of a bucket; 412 if `etag` is not the current one."""
        name = _name(request)
        self._objects.bucket(request.params["bucket"])
        iam_policies.write(self._objects.store, name, request.body or {}, errors.PreconditionFailed)
        return Response(body=self._policy(request))

    async def buckets_test_iam_permissions(self, request: Request) -> Response:
        """Returns all permissions that the request names."""
        self._objects.bucket(request.params["bucket"])
        asked = request.params.get("permissions") or []
        return Response(body={"kind": "storage#testIamPermissionsResponse", "permissions": asked})

    async def projects_service_account_get(self, request: Request) -> Response:
        """Returns the name of a project's service account, in Google's form."""
        number = project_number(request.params["projectId"])
        address = f"service-{number}@gs-project-accounts.iam.gserviceaccount.com"
        return Response(body={"kind": "storage#serviceAccount", "email_address": address})

    def _policy(self, request: Request) -> dict[str, Any]:
        project, name = self._objects.bucket(request.params["bucket"])["project"], _name(request)
        roles = {
            "roles/storage.legacyBucketOwner": ("Editor", "Owner"),
            "roles/storage.legacyBucketReader": ("Viewer",),
        }
        default = [
            {"role": role, "members": [f"project{member}:{project}" for member in members]}
            for role, members in roles.items()
        ]
        policy = iam_policies.read(self._objects.store, name, {"bindings": default})
        return {"kind": "storage#policy", "resourceId": name, **policy}


def _name(request: Request) -> str:
    return f"projects/_/buckets/{request.params['bucket']}"
