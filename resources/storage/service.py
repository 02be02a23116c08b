"""Cloud Storage, `storage` v1, as calls need to know it."""

from __future__ import annotations

from gcp.services import Service

STORAGE = Service(name="storage")
