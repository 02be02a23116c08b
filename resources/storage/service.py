"""The `Service` of Cloud Storage, `storage` v1."""

from __future__ import annotations

from gcp.services import Service

STORAGE = Service(name="storage")
